package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What all cases of the benchmark of training have in common.
 *
 * @param shape of model and batch
 * @param model the folder of a model of that shape, float32
 * @param device the device, as in a pipeline
 */
public record TrainSetup(DecoderShape shape, Path model, String device) {

  /** The bytes of the model's weights. */
  long weightBytes() throws IOException {
    return Checkpoint.open(model).tensors().stream().mapToLong(TensorInfo::byteCount).sum();
  }
}
