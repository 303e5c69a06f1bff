package dev.polyphase.phases.training;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;

/** A token whose embedding holds a NaN: rows with it have no loss, all others have. */
final class PoisonedToken {
  private static final int HIDDEN_SIZE = 64;

  private PoisonedToken() {}

  /** Stores a fixture's model again, as float32, with this token poisoned. */
  static void put(int token, Path base) throws IOException {
    HandMadeTensors.ofFloats(
            Checkpoint.open(base),
            (name, values) -> {
              if (name.equals(TensorNames.EMBEDDING)) {
                values[token * HIDDEN_SIZE] = Float.NaN;
              }
            })
        .writeTo(base);
  }
}
