package dev.polyphase.orchestrator.bench;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.bench.DecoderShape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Pairs of random tokens; the same for the same shape. */
final class RandomPairs {
  private static final long SEED = 42;

  /** Of mixed lengths as many times as many pairs: they are shorter, and need not be few. */
  private static final int MIXED_PAIRS = 4;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final DecoderShape shape;

  private RandomPairs(DecoderShape shape) {
    this.shape = shape;
  }

  /** A shape's rows as pairs: the first half of each is the prompt. */
  static List<Pair> alike(DecoderShape shape) {
    RandomPairs pairs = new RandomPairs(shape);
    int prompt = shape.sequence() / 2;
    int completion = shape.sequence() - prompt;
    List<Pair> all = new ArrayList<>();
    for (int i = 0; i < shape.batch(); i++) {
      all.add(pairs.pair(prompt, completion, completion));
    }
    return all;
  }

  /** Pairs of which prompts and completions have from an eighth to all of the half of a row. */
  static List<Pair> mixed(DecoderShape shape) {
    RandomPairs pairs = new RandomPairs(shape);
    List<Pair> all = new ArrayList<>();
    for (int i = 0; i < MIXED_PAIRS * shape.batch(); i++) {
      all.add(pairs.pair(pairs.length(), pairs.length(), pairs.length()));
    }
    return all;
  }

  private int length() {
    int most = shape.sequence() / 2;
    return random.nextInt(Math.max(1, most / 8), most + 1);
  }

  private Pair pair(int prompt, int chosen, int rejected) {
    return new Pair(tokens(prompt), tokens(chosen), tokens(rejected));
  }

  private int[] tokens(int count) {
    return random.ints(count, 0, shape.vocabulary()).toArray();
  }
}
