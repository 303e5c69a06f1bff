package dev.polyphase.phases.result;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.Optional;

/** The values that a phase has given to tensors of the checkpoint it began with. */
public interface TrainedValues {

  /**
   * What is to be written in the place of a tensor; empty where the phase left it as it was.
   *
   * @param form in what and how it is saved
   */
  Optional<NewTensor> toWrite(TensorInfo tensor, SavedForm form);

  /**
   * The values of a tensor, float32; empty where they are as they were, or where they are those of
   * a tied head that is stored a second time.
   */
  Optional<NDArray> values(TensorInfo tensor, NDManager owner) throws IOException;

  /** What reads and writes a tensor. */
  TensorStore storeOf(TensorInfo tensor);

  /** The owner of arrays that are needed for a moment. */
  NDManager newScratch();
}
