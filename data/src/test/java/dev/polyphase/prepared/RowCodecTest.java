package dev.polyphase.prepared;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;
import dev.polyphase.data.Judged;
import dev.polyphase.data.Pair;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RowCodecTest {
  private static final int NO = JsonRow.NO_LOSS;

  @Test
  void examplesComeBackAsTheyWere() {
    Random random = new Random(1);
    ExampleCodec codec = new ExampleCodec();
    for (int i = 0; i < 2_000; i++) {
      Example row = example(random, i % 4);
      RowEntry entry = codec.entry(row, i);
      int[] numbers = codec.numbers(row);
      assertThat(codec.size(entry)).isEqualTo(numbers.length);
      Example back = codec.row(numbers, entry);
      assertThat(back.ids()).isEqualTo(row.ids());
      assertThat(back.labels()).isEqualTo(row.labels());
      assertThat(entry.c()).isEqualTo(row.lossTokens());
      assertThat(entry.line()).isEqualTo(i);
    }
  }

  /** Of all labels, of none, of spans, of labels that differ from the ids. */
  private static Example example(Random random, int kind) {
    int[] ids = random.ints(1 + random.nextInt(40), 0, 50).toArray();
    if (kind == 0) {
      return new Example(ids, ids);
    }
    int[] labels = ids.clone();
    for (int t = 0; t < labels.length; t++) {
      boolean masked = kind == 1 || random.nextInt(10) < 5;
      labels[t] = masked ? NO : kind == 3 ? random.nextInt(50) : ids[t];
    }
    return new Example(ids, labels);
  }

  @Test
  void theFirstAndTheLastTokenThatCarriesLossAreKnown() {
    RowEntry entry =
        new ExampleCodec()
            .entry(new Example(new int[] {5, 6, 7, 8, 9}, new int[] {5, NO, 7, 8, NO}), 1);
    assertThat(entry.d()).isEqualTo(2);
    assertThat(entry.e()).isEqualTo(3);
    assertThat(entry.c()).as("the first label never counts").isEqualTo(2);
  }

  @Test
  void pairsComeBackAsTheyWere() {
    Random random = new Random(2);
    PairCodec codec = new PairCodec();
    for (int i = 0; i < 500; i++) {
      Pair row =
          new Pair(
              random.ints(random.nextInt(9), 0, 9).toArray(),
              random.ints(random.nextInt(9), 0, 3).toArray(),
              random.ints(random.nextInt(9), 0, 3).toArray());
      RowEntry entry = codec.entry(row, i);
      Pair back = codec.row(codec.numbers(row), entry);
      assertThat(back.prompt()).isEqualTo(row.prompt());
      assertThat(back.chosen()).isEqualTo(row.chosen());
      assertThat(back.rejected()).isEqualTo(row.rejected());
      int both = Math.min(row.chosen().length, row.rejected().length);
      int same = 0;
      while (same < both && row.chosen()[same] == row.rejected()[same]) {
        same++;
      }
      assertThat(entry.d()).isEqualTo(same);
    }
  }

  @Test
  void judgedCompletionsComeBackAsTheyWere() {
    Random random = new Random(3);
    JudgedCodec codec = new JudgedCodec();
    for (int i = 0; i < 500; i++) {
      Judged row =
          new Judged(
              random.ints(random.nextInt(9), 0, 9).toArray(),
              random.ints(random.nextInt(9), 0, 9).toArray(),
              random.nextBoolean(),
              random.nextBoolean());
      RowEntry entry = codec.entry(row, i);
      int[] numbers = codec.numbers(row);
      assertThat(codec.size(entry)).isEqualTo(numbers.length);
      Judged back = codec.row(numbers, entry);
      assertThat(back.prompt()).isEqualTo(row.prompt());
      assertThat(back.completion()).isEqualTo(row.completion());
      assertThat(back.desirable()).isEqualTo(row.desirable());
      assertThat(back.seamInToken()).isEqualTo(row.seamInToken());
    }
  }

  @Test
  void aLargeStartSurvives() {
    long start = 5_000_000_123L;
    RowEntry entry = new RowEntry(0, 1, 2, 3, 4, 5, 6, -7L, true).at(start);
    int[] numbers = entry.numbers();
    assertThat(numbers).hasSize(RowEntry.SIZE);
    assertThat((numbers[0] & 0xffffffffL) | (long) numbers[1] << 32).isEqualTo(start);
  }

  @Test
  void hashesTellRowsApart() {
    ExampleCodec codec = new ExampleCodec();
    Set<Long> hashes = new HashSet<>();
    for (int a = 0; a < 200; a++) {
      for (int b = 0; b < 200; b++) {
        int[] ids = {a, b};
        hashes.add(codec.entry(new Example(ids, ids), 0).hash());
        hashes.add(codec.entry(new Example(ids, new int[] {NO, b}), 0).hash());
        hashes.add(codec.entry(new Example(new int[] {a, b, 0}, new int[] {a, b, 0}), 0).hash());
      }
    }
    assertThat(hashes).hasSize(3 * 200 * 200);
  }

  @Test
  void labelsAreMarkedAndNothingElse() {
    BitSet learned = new BitSet();
    new ExampleCodec()
        .markLearned(new Example(new int[] {1, 2, 3, 4}, new int[] {1, NO, 3, 9}), learned);
    assertThat(learned.stream().toArray()).isEqualTo(new int[] {3, 9});
    BitSet preferred = new BitSet();
    new PairCodec()
        .markLearned(new Pair(new int[] {1}, new int[] {2, 3}, new int[] {4}), preferred);
    assertThat(preferred.stream().boxed()).containsExactlyElementsOf(Arrays.asList(2, 3));
    BitSet wanted = new BitSet();
    JudgedCodec judged = new JudgedCodec();
    judged.markLearned(new Judged(new int[] {1}, new int[] {2, 3}, true), wanted);
    judged.markLearned(new Judged(new int[] {1}, new int[] {4}, false), wanted);
    assertThat(wanted).isEqualTo(preferred);
  }
}
