package dev.polyphase.prepared;

import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.RowHash;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Keeps rows of cpt and sft: the ids, and of the labels where they carry loss. Of an entry, a is
 * the number of tokens, b how the labels are kept, c how many tokens carry loss, and d and e the
 * first and the last of them.
 */
final class ExampleCodec implements RowCodec<Example> {
  /** Every token carries loss. */
  private static final int ALL = -1;

  /** The labels are kept as they are: some differ from the ids. */
  private static final int AS_THEY_ARE = -2;

  @Override
  public String name() {
    return "examples 1";
  }

  @Override
  public int[] numbers(Example row) {
    int[] ids = row.ids();
    int kind = kind(row);
    if (kind == ALL) {
      return ids;
    }
    int[] labels = kind == AS_THEY_ARE ? row.labels() : spans(row.labels(), kind);
    int[] numbers = Arrays.copyOf(ids, ids.length + labels.length);
    System.arraycopy(labels, 0, numbers, ids.length, labels.length);
    return numbers;
  }

  @Override
  public RowEntry entry(Example row, int line) {
    int[] labels = row.labels();
    int count = 0;
    int first = 0;
    int last = 0;
    for (int t = 1; t < labels.length; t++) {
      if (labels[t] != JsonRow.NO_LOSS) {
        first = count == 0 ? t : first;
        last = t;
        count++;
      }
    }
    long hash = RowHash.of(List.of(row.ids(), labels));
    return new RowEntry(
        0, labels.length, kind(row), count, first, last, line, hash, row.seamInToken());
  }

  @Override
  public int size(RowEntry entry) {
    int labels =
        switch (entry.b()) {
          case ALL -> 0;
          case AS_THEY_ARE -> entry.a();
          default -> 2 * entry.b();
        };
    return entry.a() + labels;
  }

  @Override
  public Example row(int[] numbers, RowEntry entry) {
    int tokens = entry.a();
    int[] ids = entry.b() == ALL ? numbers : Arrays.copyOf(numbers, tokens);
    int[] labels =
        switch (entry.b()) {
          case ALL -> ids;
          case AS_THEY_ARE -> Arrays.copyOfRange(numbers, tokens, numbers.length);
          default -> labels(ids, numbers);
        };
    return new Example(ids, labels, entry.seam());
  }

  @Override
  public long tokens(Example row) {
    return row.tokens();
  }

  @Override
  public void markLearned(Example row, BitSet learned) {
    int[] labels = row.labels();
    for (int t = 1; t < labels.length; t++) {
      if (labels[t] >= 0) {
        learned.set(labels[t]);
      }
    }
  }

  /**
   * How the labels are kept: the number of spans of tokens that carry loss, or one of the above.
   */
  private static int kind(Example row) {
    int[] ids = row.ids();
    int[] labels = row.labels();
    if (ids == labels) {
      return ALL;
    }
    int spans = 0;
    int learned = 0;
    boolean before = false;
    for (int t = 0; t < ids.length; t++) {
      boolean carries = labels[t] != JsonRow.NO_LOSS;
      if (carries && labels[t] != ids[t]) {
        return AS_THEY_ARE;
      }
      spans += carries && !before ? 1 : 0;
      learned += carries ? 1 : 0;
      before = carries;
    }
    if (learned == ids.length) {
      return ALL;
    }
    return 2 * spans <= ids.length ? spans : AS_THEY_ARE;
  }

  /** First and end of each span. */
  private static int[] spans(int[] labels, int count) {
    int[] spans = new int[2 * count];
    int next = 0;
    for (int t = 0; t < labels.length; t++) {
      boolean carries = labels[t] != JsonRow.NO_LOSS;
      boolean before = t > 0 && labels[t - 1] != JsonRow.NO_LOSS;
      if (carries != before) {
        spans[next] = t;
        next++;
      }
    }
    if (next < spans.length) {
      spans[next] = labels.length;
    }
    return spans;
  }

  private static int[] labels(int[] ids, int[] numbers) {
    int[] labels = new int[ids.length];
    Arrays.fill(labels, JsonRow.NO_LOSS);
    for (int i = ids.length; i < numbers.length; i += 2) {
      System.arraycopy(ids, numbers[i], labels, numbers[i], numbers[i + 1] - numbers[i]);
    }
    return labels;
  }
}
