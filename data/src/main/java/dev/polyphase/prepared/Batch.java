package dev.polyphase.prepared;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Some rows of a file that follow on each other, made of tokens: what one thread did at a time. */
final class Batch {
  private int[] numbers = new int[1024];
  private int size;
  private long tokens;
  private final List<RowEntry> entries = new ArrayList<>();
  private final List<RejectedRow> rejected = new ArrayList<>();
  private final BitSet learned = new BitSet();

  <T> void add(T row, int line, RowCodec<T> codec) {
    int[] added = codec.numbers(row);
    if (size + added.length > numbers.length) {
      numbers = Arrays.copyOf(numbers, Math.max(size + added.length, 2 * numbers.length));
    }
    System.arraycopy(added, 0, numbers, size, added.length);
    entries.add(codec.entry(row, line).at(size));
    size += added.length;
    tokens += codec.tokens(row);
    codec.markLearned(row, learned);
  }

  void reject(RejectedRow row) {
    rejected.add(row);
  }

  /** All rows' numbers, of which the first {@link #size()} count. */
  int[] numbers() {
    return numbers;
  }

  int size() {
    return size;
  }

  long tokens() {
    return tokens;
  }

  /** The rows, each beginning where it does in {@link #numbers()}. */
  List<RowEntry> entries() {
    return entries;
  }

  List<RejectedRow> rejected() {
    return rejected;
  }

  BitSet learned() {
    return learned;
  }
}
