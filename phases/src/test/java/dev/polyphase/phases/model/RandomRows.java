package dev.polyphase.phases.model;

import dev.polyphase.data.Example;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Rows of random tokens, of the fixtures' vocabulary where nothing else is said. */
final class RandomRows {
  private RandomRows() {}

  /** A row of random bytes, all of which carry loss. */
  static Example whole(int seed, int tokens) {
    int[] ids = new Random(seed).ints(tokens, 0, 256).toArray();
    return new Example(ids, ids);
  }

  /** A row whose first third carries no loss. */
  static Example answered(int seed, int tokens) {
    int[] ids = new Random(seed).ints(tokens, 0, 256).toArray();
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, tokens / 3, -100);
    return new Example(ids, labels);
  }

  /** Padded rows, the same ones packed, and a row that follows the beginning of another one. */
  static List<TokenBatch> ofEachKind() {
    List<Example> rows = List.of(answered(1, 21), answered(2, 9), answered(3, 12));
    List<Document> sharing =
        List.of(
            Document.of(answered(4, 17)),
            Document.of(answered(5, 4)),
            new Document(answered(6, 8), 0, 6));
    return List.of(
        TokenBatch.of(rows),
        TokenBatch.packed(rows),
        TokenBatch.packedDocuments(sharing, new int[] {29}));
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
