package dev.polyphase.prepared;

import dev.polyphase.data.Pair;
import dev.polyphase.data.RowHash;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Keeps pairs: the ids of the prompt, of the preferred completion and of the other one. Of an
 * entry, a, b and c are how many these are, and d with how many tokens both completions begin.
 */
final class PairCodec implements RowCodec<Pair> {
  @Override
  public String name() {
    return "pairs 1";
  }

  @Override
  public int[] numbers(Pair row) {
    int prompt = row.prompt().length;
    int chosen = row.chosen().length;
    int[] numbers = Arrays.copyOf(row.prompt(), prompt + chosen + row.rejected().length);
    System.arraycopy(row.chosen(), 0, numbers, prompt, chosen);
    System.arraycopy(row.rejected(), 0, numbers, prompt + chosen, row.rejected().length);
    return numbers;
  }

  @Override
  public RowEntry entry(Pair row, int line) {
    int different = Arrays.mismatch(row.chosen(), row.rejected());
    return new RowEntry(
        0,
        row.prompt().length,
        row.chosen().length,
        row.rejected().length,
        different < 0 ? row.chosen().length : different,
        0,
        line,
        RowHash.of(List.of(row.prompt(), row.chosen(), row.rejected())),
        row.seamInToken());
  }

  @Override
  public int size(RowEntry entry) {
    return entry.a() + entry.b() + entry.c();
  }

  @Override
  public Pair row(int[] numbers, RowEntry entry) {
    int prompt = entry.a();
    int both = prompt + entry.b();
    return new Pair(
        Arrays.copyOf(numbers, prompt),
        Arrays.copyOfRange(numbers, prompt, both),
        Arrays.copyOfRange(numbers, both, numbers.length),
        entry.seam());
  }

  @Override
  public long tokens(Pair row) {
    return row.tokens();
  }

  @Override
  public void markLearned(Pair row, BitSet learned) {
    for (int id : row.chosen()) {
      learned.set(id);
    }
  }
}
