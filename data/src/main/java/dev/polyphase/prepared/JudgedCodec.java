package dev.polyphase.prepared;

import dev.polyphase.data.Judged;
import dev.polyphase.data.RowHash;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Keeps judged completions: the ids of the prompt and of the completion. Of an entry, a and b are
 * how many these are, and c is 1 where the completion is wanted.
 */
final class JudgedCodec implements RowCodec<Judged> {
  @Override
  public String name() {
    return "judged 1";
  }

  @Override
  public int[] numbers(Judged row) {
    int prompt = row.prompt().length;
    int[] numbers = Arrays.copyOf(row.prompt(), prompt + row.completion().length);
    System.arraycopy(row.completion(), 0, numbers, prompt, row.completion().length);
    return numbers;
  }

  @Override
  public RowEntry entry(Judged row, int line) {
    int desirable = row.desirable() ? 1 : 0;
    return new RowEntry(
        0,
        row.prompt().length,
        row.completion().length,
        desirable,
        0,
        0,
        line,
        RowHash.of(List.of(row.prompt(), row.completion(), new int[] {desirable})),
        row.seamInToken());
  }

  @Override
  public int size(RowEntry entry) {
    return entry.a() + entry.b();
  }

  @Override
  public Judged row(int[] numbers, RowEntry entry) {
    return new Judged(
        Arrays.copyOf(numbers, entry.a()),
        Arrays.copyOfRange(numbers, entry.a(), numbers.length),
        isDesirable(entry),
        entry.seam());
  }

  static boolean isDesirable(RowEntry entry) {
    return entry.c() != 0;
  }

  @Override
  public long tokens(Judged row) {
    return row.tokens();
  }

  @Override
  public void markLearned(Judged row, BitSet learned) {
    if (row.desirable()) {
      for (int id : row.completion()) {
        learned.set(id);
      }
    }
  }
}
