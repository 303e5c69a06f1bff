package dev.polyphase.phases.model;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** Models of checkpoints, on the CPU. */
final class CpuModels {
  private CpuModels() {}

  /** In float32, without adapters. */
  static Transformer load(Path checkpoint, Set<String> trained, Activations activations)
      throws IOException {
    return load(checkpoint, trained, Adapters.none(), Precision.FLOAT32, activations);
  }

  static Transformer load(
      Path checkpoint,
      Set<String> trained,
      Adapters adapters,
      Precision precision,
      Activations activations)
      throws IOException {
    return Transformer.load(
        Checkpoint.open(checkpoint),
        ConfigReader.read(Checkpoint.open(checkpoint)),
        new Trainable(trained, adapters),
        Placement.on("cpu", precision, activations));
  }
}
