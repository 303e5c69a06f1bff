package dev.polyphase.phases.preparation;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;

/**
 * A phase's model on the disk, and what of it is trained.
 *
 * @param layout its parameters
 * @param checkpoint their values
 * @param trained what of them is trained at first
 */
public record ModelParts(ModelLayout layout, Checkpoint checkpoint, Trainable trained) {

  /**
   * Reads a model's configuration and looks at all its tensors.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where they do not fit, or what is to be
   *     trained is not among them
   */
  public static ModelParts of(PhaseRequest request) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(request.start().checkpoint());
    ModelLayout layout = new ModelLayout(ConfigReader.read(checkpoint));
    layout.check(checkpoint);
    return new ModelParts(layout, checkpoint, RequestedParts.of(request, layout));
  }

  /** A model that is only computed with. */
  public static ModelParts untrained(ModelLayout layout, Checkpoint checkpoint) {
    return new ModelParts(layout, checkpoint, Trainable.nothing());
  }

  /** All values of the model. */
  public long values() {
    return layout.parameters().stream().mapToLong(Parameter::values).sum();
  }

  /** The values that are trained at first. */
  public long trainedValues() {
    return trained.values(layout);
  }

  /**
   * What the phase's result takes on the disk: the tensors in the dtype that they are saved in, and
   * the files that are carried over.
   */
  long resultBytes(PhaseRequest request) throws IOException {
    SaveDtype dtype = request.pipeline().saveDtype();
    long bytes = CheckpointWriter.carriedBytes(checkpoint, request.result());
    TextNames names = TextNames.of(checkpoint);
    for (TensorInfo tensor : checkpoint.tensors()) {
      bytes +=
          dtype == SaveDtype.BASE || !tensor.type().floating() || !names.covers(tensor.name())
              ? tensor.byteCount()
              : tensor.elements() * Precision.saved(tensor, dtype).elementType().bytes();
    }
    return bytes;
  }
}
