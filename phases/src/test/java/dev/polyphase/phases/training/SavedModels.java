package dev.polyphase.phases.training;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;

import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What phases left, compared. */
final class SavedModels {
  private SavedModels() {}

  /** Holds two results to be the same to the last bit. */
  static void assertSame(Path found, Path expected) throws IOException {
    for (String file : List.of("model.safetensors", "config.json")) {
      assertSameBytes(found.resolve(file), expected.resolve(file));
    }
  }

  /** The values of a tensor. */
  static float[] values(Path model, String tensor) throws IOException {
    return TensorValues.floats(Checkpoint.open(model).find(tensor).orElseThrow());
  }
}
