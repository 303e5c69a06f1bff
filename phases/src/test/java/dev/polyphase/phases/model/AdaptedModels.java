package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/** Models with adapters on some of their modules. */
final class AdaptedModels {
  static final int RANK = 3;
  static final double SCALE = 1.5;

  /** The modules of all projections and the head, as a pattern. */
  static final String ALL = "model\\.layers\\..*_proj|lm_head";

  private AdaptedModels() {}

  static Transformer load(
      Path checkpoint, Set<String> trained, Adapters adapters, Activations activations)
      throws IOException {
    return CpuModels.load(checkpoint, trained, adapters, Precision.FLOAT32, activations);
  }

  static Adapters adapters(Path base, String modules, double dropout) throws IOException {
    Set<String> adapted =
        ParameterNames.of(base).stream()
            .filter(name -> name.endsWith(".weight"))
            .map(Adapters::module)
            .filter(module -> module.matches(modules))
            .collect(Collectors.toSet());
    assertThat(adapted).isNotEmpty();
    return new Adapters(adapted, RANK, SCALE, dropout, 42);
  }

  /** Moves every adapter away from its first values, B from zero too. */
  static void disturb(Transformer model) {
    Random random = new Random(11);
    model
        .trained()
        .forEach(
            tensor -> {
              NDArray master = tensor.master().upper();
              if (tensor.name().contains(".lora_")) {
                float[] values = new float[(int) master.size()];
                for (int i = 0; i < values.length; i++) {
                  values[i] = 0.1f * (float) random.nextGaussian();
                }
                try (NDArray noise = master.getManager().create(values, master.getShape())) {
                  master.addi(noise);
                }
              }
            });
  }

  /** The log-probabilities as training sees them. */
  static float[] trainedLogProbs(Transformer model, TokenBatch batch) {
    try (NDManager step = model.newScratch()) {
      return model
          .differentiate(batch, -1.0, new Gradients(step), step)
          .orElseThrow()
          .toFloatArray();
    }
  }
}
