package dev.polyphase.phases.bench;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Rows of random tokens, each token the target of the one before it in its row. */
public final class RandomTokens {
  private static final long SEED = 42;

  private RandomTokens() {}

  /**
   * The same batch for the same shape.
   *
   * @param shape whose rows have two tokens at least
   */
  public static TokenBatch of(DecoderShape shape) {
    int[] ids = new SplittableRandom(SEED).ints(shape.tokens(), 0, shape.vocabulary()).toArray();
    return next(ids, shape.batch(), shape);
  }

  /**
   * The rows of that batch as several, in their order.
   *
   * @param count how many; a divisor of the rows
   */
  static List<TokenBatch> of(DecoderShape shape, int count) {
    int[] ids = of(shape).ids();
    int rows = shape.batch() / count;
    int tokens = rows * shape.sequence();
    List<TokenBatch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      batches.add(next(Arrays.copyOfRange(ids, i * tokens, (i + 1) * tokens), rows, shape));
    }
    return batches;
  }

  private static TokenBatch next(int[] ids, int rows, DecoderShape shape) {
    int[] positions =
        IntStream.range(0, ids.length)
            .filter(position -> (position + 1) % shape.sequence() != 0)
            .toArray();
    int[] targets = Arrays.stream(positions).map(position -> ids[position + 1]).toArray();
    return new TokenBatch(ids, rows, shape.sequence(), ids.length, positions, targets);
  }
}
