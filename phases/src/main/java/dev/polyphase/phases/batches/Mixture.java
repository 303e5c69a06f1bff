package dev.polyphase.phases.batches;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Rows.MixBy;
import dev.polyphase.pipelines.problems.InputException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How often the rows of each dataset are in an epoch.
 *
 * <p>It is the same in every epoch, so that all of them have as many steps and tokens, and what is
 * packed is packed once: of a dataset that is seen half, it is the same half each time. A dataset
 * that has any rows is in an epoch with at least one.
 *
 * @param key the key that names the datasets, for messages
 * @param by what the weights mean
 * @param weights of each dataset; empty where every row is in it once
 * @param seed draws what is seen once more than the rest of its dataset
 */
public record Mixture(String key, MixBy by, List<Double> weights, long seed) {
  /** Every row once. */
  public static final Mixture EACH_ONCE = new Mixture("", MixBy.PASSES, List.of(), 0);

  /** Keeps the draws from the shuffles of the same seed. */
  private static final long STREAM = 0x6D69785F726F7773L;

  /** More would fill gigabytes with the numbers of rows alone. */
  private static final long MOST_ROWS = 1L << 29;

  public Mixture {
    weights = List.copyOf(weights);
  }

  /**
   * As a phase asks for it.
   *
   * @param key its key that names the datasets, for messages
   */
  public static Mixture of(Phase phase, String key, long seed) {
    return new Mixture(
        key, phase.rows().mixBy(), phase.datasets().stream().map(Dataset::weight).toList(), seed);
  }

  /**
   * The rows of an epoch: dataset by dataset all rows as often as each is there, and then those
   * that were drawn once more, each time in their order.
   *
   * @param datasetOfRow which dataset each row is of
   * @param tokensOfRow how many tokens each has
   * @return their numbers, ascending within each pass over a dataset; where each is there once, all
   *     of them in their order
   * @throws InputException if there are too many
   */
  public int[] epoch(int[] datasetOfRow, int[] tokensOfRow) {
    int rows = datasetOfRow.length;
    if (by == MixBy.PASSES && weights.stream().allMatch(weight -> weight == 1)) {
      return IntStream.range(0, rows).toArray();
    }
    int[][] rowsOf = byDataset(datasetOfRow);
    Part[] parts = by == MixBy.TOKENS ? byTokens(rowsOf, tokensOfRow) : byRows(rowsOf);
    long size = 0;
    for (int dataset = 0; dataset < parts.length; dataset++) {
      size += parts[dataset].passes * rowsOf[dataset].length + parts[dataset].drawn.length;
    }
    if (size > MOST_ROWS) {
      throw new InputException(
          "%s: with these weights an epoch has %,d rows, and must have %,d at most; lower them, and raise num_epochs"
              .formatted(key, size, MOST_ROWS));
    }
    int[] epoch = new int[(int) size];
    int filled = 0;
    for (int dataset = 0; dataset < parts.length; dataset++) {
      int[] all = rowsOf[dataset];
      for (long pass = 0; pass < parts[dataset].passes; pass++) {
        System.arraycopy(all, 0, epoch, filled, all.length);
        filled += all.length;
      }
      for (int drawn : parts[dataset].drawn) {
        epoch[filled] = all[drawn];
        filled++;
      }
    }
    return epoch;
  }

  /**
   * What an epoch has of a dataset.
   *
   * @param passes how often it has all of its rows
   * @param drawn which it has once more, ascending, counted within the dataset
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Part(long passes, int[] drawn) {}

  private int[][] byDataset(int[] datasetOfRow) {
    int[] counts = new int[weights.size()];
    for (int dataset : datasetOfRow) {
      counts[dataset]++;
    }
    int[][] rows = new int[counts.length][];
    Arrays.setAll(rows, dataset -> new int[counts[dataset]]);
    int[] filled = new int[counts.length];
    for (int row = 0; row < datasetOfRow.length; row++) {
      int dataset = datasetOfRow[row];
      rows[dataset][filled[dataset]] = row;
      filled[dataset]++;
    }
    return rows;
  }

  private Part[] byRows(int[][] rowsOf) {
    long[] sizes = by == MixBy.ROWS ? sharesOfRows(rowsOf) : new long[rowsOf.length];
    Part[] parts = new Part[rowsOf.length];
    for (int dataset = 0; dataset < parts.length; dataset++) {
      int rows = rowsOf[dataset].length;
      if (by == MixBy.PASSES) {
        sizes[dataset] = Math.round(weights.get(dataset) * rows);
      }
      if (rows == 0) {
        parts[dataset] = new Part(0, new int[0]);
        continue;
      }
      long size = Math.max(1, sizes[dataset]);
      int more = (int) (size % rows);
      int[] drawn = Arrays.copyOf(drawing(dataset, rows), more);
      Arrays.sort(drawn);
      parts[dataset] = new Part(size / rows, drawn);
    }
    return parts;
  }

  /** As many rows as there are, by the largest remainders. */
  private long[] sharesOfRows(int[][] rowsOf) {
    long all = Arrays.stream(rowsOf).mapToLong(rows -> rows.length).sum();
    double[] shares = shares(rowsOf, (double) all);
    long[] sizes = Arrays.stream(shares).mapToLong(share -> (long) share).toArray();
    long missing = all - Arrays.stream(sizes).sum();
    IntStream.range(0, sizes.length)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer dataset) -> sizes[dataset] - shares[dataset])
                .thenComparing(dataset -> dataset))
        .limit(missing)
        .forEach(dataset -> sizes[dataset]++);
    return sizes;
  }

  private Part[] byTokens(int[][] rowsOf, int[] tokensOfRow) {
    long all = Arrays.stream(tokensOfRow).asLongStream().sum();
    double[] shares = shares(rowsOf, (double) all);
    Part[] parts = new Part[rowsOf.length];
    for (int dataset = 0; dataset < parts.length; dataset++) {
      int[] rows = rowsOf[dataset];
      if (rows.length == 0) {
        parts[dataset] = new Part(0, rows);
        continue;
      }
      long tokens = Arrays.stream(rows).mapToLong(row -> tokensOfRow[row]).sum();
      long passes = (long) (shares[dataset] / tokens);
      double missing = shares[dataset] - (double) passes * tokens;
      int[] order = drawing(dataset, rows.length);
      int drawn = 0;
      // The sum that is nearest: at most half a row off.
      while (drawn < order.length && missing * 2 >= tokensOfRow[rows[order[drawn]]]) {
        missing -= tokensOfRow[rows[order[drawn]]];
        drawn++;
      }
      if (passes == 0 && drawn == 0) {
        drawn = 1;
      }
      int[] more = Arrays.copyOf(order, drawn);
      Arrays.sort(more);
      parts[dataset] = new Part(passes, more);
    }
    return parts;
  }

  /** What each dataset has of a sum; those without rows have none, and leave theirs to the rest. */
  private double[] shares(int[][] rowsOf, double sum) {
    double[] shares = new double[rowsOf.length];
    Arrays.setAll(shares, i -> rowsOf[i].length == 0 ? 0 : weights.get(i));
    double all = Arrays.stream(shares).sum();
    Arrays.setAll(shares, i -> sum * shares[i] / all);
    return shares;
  }

  private int[] drawing(int dataset, int rows) {
    return new RowOrder(true, seed ^ STREAM).of(dataset, rows);
  }
}
