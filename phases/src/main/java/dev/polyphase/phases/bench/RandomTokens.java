package dev.polyphase.phases.bench;

import dev.polyphase.phases.batches.TokenBatch;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** A batch of random tokens, each with a random target. */
final class RandomTokens {
  private static final long SEED = 42;

  private RandomTokens() {}

  /** The same batch for the same shape. */
  static TokenBatch of(DecoderShape shape) {
    SplittableRandom random = new SplittableRandom(SEED);
    int tokens = shape.tokens();
    return new TokenBatch(
        random.ints(tokens, 0, shape.vocabulary()).toArray(),
        shape.batch(),
        shape.sequence(),
        tokens,
        IntStream.range(0, tokens).toArray(),
        random.ints(tokens, 0, shape.vocabulary()).toArray());
  }
}
