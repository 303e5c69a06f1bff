package dev.polyphase.orchestrator.bench;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/**
 * What all cases of the benchmark of training have in common.
 *
 * @param shape of model and batch
 * @param model the folder of a model of that shape, float32
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the compute and of frozen weights
 */
public record TrainSetup(DecoderShape shape, Path model, String device, Precision precision) {

  /** The bytes of the model's weights: float32 where they are trained, else in the precision. */
  long weightBytes(Set<String> trained) throws IOException {
    return Checkpoint.open(model).tensors().stream()
        .mapToLong(
            tensor -> {
              Precision held = trained.contains(tensor.name()) ? Precision.FLOAT32 : precision;
              return tensor.elements() * held.elementType().bytes();
            })
        .sum();
  }
}
