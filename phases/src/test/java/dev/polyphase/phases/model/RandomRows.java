package dev.polyphase.phases.model;

import dev.polyphase.data.Example;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Rows of random tokens. */
final class RandomRows {
  private RandomRows() {}

  /** A row of random bytes, all of which carry loss. */
  static Example whole(int seed, int tokens) {
    int[] ids = new Random(seed).ints(tokens, 0, 256).toArray();
    return new Example(ids, ids);
  }

  /** Rows of unequal lengths, padded, and half of their tokens without loss. */
  static TokenBatch uneven(Path checkpoint) throws IOException {
    int vocabulary = ConfigReader.read(Checkpoint.open(checkpoint)).vocabSize();
    Random random = new Random(7);
    int[] lengths = {31, 12, 20};
    List<Example> rows =
        Arrays.stream(lengths)
            .mapToObj(
                length -> {
                  int[] ids = random.ints(length, 0, vocabulary).toArray();
                  int[] labels = ids.clone();
                  for (int i = 0; i < length; i += 2) {
                    labels[i] = -100;
                  }
                  return new Example(ids, labels);
                })
            .toList();
    return TokenBatch.of(rows);
  }
}
