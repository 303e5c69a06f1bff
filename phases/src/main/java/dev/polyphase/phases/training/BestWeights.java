package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.checkpoints.StoredFiles;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.model.Weights;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The weights as they were at the best evaluation so far. They are kept in a file beside the
 * phase's result, since memory is what a phase has least of: it needs no more of it than without.
 * In it are the float32 masters, and what was trained earlier in the phase as it rests. All else is
 * as the phase found it.
 */
final class BestWeights implements Resumable, AutoCloseable {
  private static final String KEPT = "best.safetensors";

  private final Path file;
  private final Checkpoint base;
  private Set<String> trained = Set.of();

  /**
   * Nothing is kept yet.
   *
   * @param file where to keep them; removed in the end
   * @param base what the phase began with
   */
  BestWeights(Path file, Checkpoint base) {
    this.file = file;
    this.base = base;
  }

  /** Keeps the weights as they are now, in the place of what was kept before. */
  void keep(Transformer model) throws IOException {
    List<SafetensorsFile.Tensor> tensors = new ArrayList<>();
    Weights weights = model.weights();
    for (TrainedTensor tensor : model.trained()) {
      tensors.add(
          new SafetensorsFile.Tensor(
              tensor.name(),
              Arrays.stream(tensor.master().shape().getShape()).boxed().toList(),
              weights.toWrite(tensor, Precision.FLOAT32, RoundingRule.NEAREST)));
    }
    for (TensorInfo tensor : weights.atRest().parts()) {
      if (!model.trained().contains(tensor.name())
          && !base.find(tensor.name()).equals(weights.atRest().find(tensor.name()))) {
        tensors.add(
            new SafetensorsFile.Tensor(
                tensor.name(),
                tensor.shape(),
                weights.storeOf(tensor.name()).toWrite(tensor, Precision.of(tensor))));
      }
    }
    SafetensorsFile.write(file, tensors);
    trained = weights.trainable().tensors();
  }

  /**
   * Gives the masters and frozen tensors of the model the values that were kept; it trains what it
   * trained then. Copies of masters that are on the CPU stay as they are: the result is written
   * from the masters.
   */
  void giveTo(Transformer model) throws IOException {
    List<TensorInfo> kept = SafetensorsFile.read(file);
    Trainable now = model.weights().trainable();
    model.retarget(
        base.with(kept.stream().filter(tensor -> base.contains(tensor.name())).toList()),
        now.tensors().equals(trained) ? now : now.with(trained, now.rateFactors()));
    for (TensorInfo tensor : kept) {
      Optional<TrainedTensor> master = model.trained().find(tensor.name());
      if (master.isPresent()) {
        model.weights().read(tensor, master.get());
      }
    }
  }

  @Override
  public void save(StateWriter state) {
    if (Files.exists(file)) {
      state.put("trained", trained.stream().sorted().toList());
      state.file(KEPT, file);
    }
  }

  @Override
  public void restore(StateReader state) throws IOException {
    if (state.hasFile(KEPT)) {
      trained = Set.copyOf(state.texts("trained"));
      StoredFiles.linkOrCopy(state.file(KEPT), file);
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
