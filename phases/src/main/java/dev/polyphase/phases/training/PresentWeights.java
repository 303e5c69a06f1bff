package dev.polyphase.phases.training;

import dev.polyphase.phases.checkpoints.StoredFiles;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model in the midst of a phase as a checkpoint: what the phase has trained so far lies in a file
 * beside its result, all else where it lay before. There is one such file at a time, and none in
 * the end.
 */
final class PresentWeights implements AutoCloseable {
  private final Path result;
  private final Checkpoint base;
  private @Nullable Path file;
  private @Nullable Path earlier;

  /**
   * Nothing is written yet.
   *
   * @param result the phase's, beside which the files lie
   * @param base what the phase began with
   */
  PresentWeights(Path result, Checkpoint base) {
    this.result = result;
    this.base = base;
  }

  /**
   * The model as it stands. What was written before stays until {@link #dropEarlier}: values of it
   * are copied, and the model may still have it mapped.
   *
   * @param step the optimiser steps taken, by which the file is named
   */
  Checkpoint write(TrainedCheckpoint trained, long step) throws IOException {
    trained.checkBase();
    Path next = result.resolveSibling("rescan-%06d.safetensors".formatted(step));
    Map<String, NewTensor> values = trained.trained();
    List<SafetensorsFile.Tensor> tensors = new ArrayList<>();
    for (TensorInfo tensor : trained.base().parts()) {
      NewTensor now = values.get(tensor.name());
      if (now != null) {
        tensors.add(new SafetensorsFile.Tensor(tensor.name(), tensor.shape(), now));
      }
    }
    SafetensorsFile.write(next, tensors);
    earlier = file;
    file = next;
    return trained.base().with(SafetensorsFile.read(next));
  }

  /** The file that has what these weights differ from the base in; empty if they do not. */
  Optional<Path> inUse(Checkpoint weights) {
    return weights.parts().stream()
        .map(TensorInfo::file)
        .filter(lies -> !base.weightFiles().contains(lies))
        .findFirst();
  }

  /**
   * The weights of an earlier attempt at the phase.
   *
   * @param kept such a file, which is kept elsewhere
   */
  Checkpoint adopt(Path kept) throws IOException {
    Path own = result.resolveSibling("rescan-resumed.safetensors");
    StoredFiles.linkOrCopy(kept, own);
    file = own;
    return base.with(SafetensorsFile.read(own));
  }

  /** Removes what was written before the last file, of which nothing is used any more. */
  void dropEarlier() throws IOException {
    if (earlier != null) {
      Files.deleteIfExists(earlier);
      earlier = null;
    }
  }

  @Override
  public void close() throws IOException {
    dropEarlier();
    if (file != null) {
      Files.deleteIfExists(file);
    }
  }
}
