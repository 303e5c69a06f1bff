package dev.polyphase.phases.training;

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
import org.jspecify.annotations.Nullable;

/**
 * A model in the midst of a phase as a checkpoint: what the phase has trained so far lies in a file
 * beside its result, all else where it lay before. There is one such file at a time, and none in
 * the end.
 */
final class PresentWeights implements AutoCloseable {
  private final Path result;
  private @Nullable Path file;
  private @Nullable Path earlier;

  /**
   * Nothing is written yet.
   *
   * @param result the phase's, beside which the files lie
   */
  PresentWeights(Path result) {
    this.result = result;
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
    for (TensorInfo tensor : trained.base().tensors()) {
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
