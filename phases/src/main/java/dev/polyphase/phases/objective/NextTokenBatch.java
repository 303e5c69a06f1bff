package dev.polyphase.phases.objective;

import dev.polyphase.data.Example;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Rows of which each token that carries loss costs its negative log-probability.
 *
 * @param tokens the rows
 * @param targets whose the batch's targets are, in their order; empty where nobody asks
 */
public record NextTokenBatch(TokenBatch tokens, List<Targets> targets) implements MicroBatch {
  /** Of -log p with respect to log p. */
  private static final double SLOPE = -1;

  /**
   * The next targets of a batch.
   *
   * @param channel what metrics call the dataset that they are of
   * @param count how many
   */
  public record Targets(String channel, int count) {}

  /**
   * A batch of rows of an epoch.
   *
   * @param rows in the batch's order
   * @param numbers of these rows in the epoch
   */
  static NextTokenBatch of(
      TokenBatch tokens, List<Example> rows, IntStream numbers, EpochRows epoch) {
    List<Targets> targets = new ArrayList<>();
    if (epoch.hasChannels()) {
      int[] each = numbers.toArray();
      for (int i = 0; i < each.length; i++) {
        targets.add(new Targets(epoch.channel(each[i]), rows.get(i).lossTokens()));
      }
    }
    return new NextTokenBatch(tokens, targets);
  }

  @Override
  public int weight() {
    return tokens.lossTokens();
  }

  @Override
  public Loss loss() {
    return new Loss.Linear(SLOPE);
  }

  @Override
  public Outcome outcome(double[] logProbs) {
    double lossSum = 0;
    for (double logProb : logProbs) {
      lossSum -= logProb;
    }
    return new Outcome(lossSum, Map.of(), losses(logProbs));
  }

  private Map<String, Mean> losses(double[] logProbs) {
    Map<String, Mean> losses = new LinkedHashMap<>();
    int next = 0;
    for (Targets some : targets) {
      double sum = 0;
      for (int end = next + some.count; next < end; next++) {
        sum -= logProbs[next];
      }
      losses.merge(some.channel, new Mean(sum, some.count), Mean::plus);
    }
    return losses;
  }
}
