package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.language.PipelineReader;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowWarningsTest {

  @Test
  void rowsThatAreTooLongAreCounted() {
    assertThat(of("sft", counts(1000, 1, 1, 999, 0), null))
        .containsExactly(
            "phase one: sequence_len, which is 2,048, cuts 1 and leaves no token that carries loss"
                + " in 999 of 1,000 rows (100.0 %); raise it, or shorten them");
    assertThat(of("sft", counts(1000, 1000, 100, 0, 0), null))
        .containsExactly(
            "phase one: sequence_len, which is 2,048, cuts 100 of 1,000 rows (10.0 %); raise it, or"
                + " shorten them");
    assertThat(of("dpo", counts(40, 20, 0, 20, 0), null))
        .containsExactly(
            "phase one: sequence_len, which is 2,048, leaves no token that carries loss in 20 of 40"
                + " pairs (50.0 %); raise it, or shorten them");
  }

  @Test
  void fewOfThemAreNoMatter() {
    assertThat(of("sft", counts(1000, 1000, 99, 0, 0), counts(1000, 901, 0, 0, 99))).isEmpty();
    assertThat(of("sft", counts(0, 0, 0, 0, 0), null)).isEmpty();
    assertThat(of("sft", null, null)).isEmpty();
  }

  /** Its pieces are all trained on. */
  @Test
  void rowsThatAreSplitAreNoMatter() {
    assertThat(of("cpt", counts(10, 10, 10, 0, 0), null)).isEmpty();
    assertThat(of("cpt", counts(10, 8, 8, 2, 0), null))
        .containsExactly(
            "phase one: sequence_len, which is 2,048, leaves no token that carries loss in 2 of 10"
                + " rows (20.0 %); raise it, or shorten them");
  }

  @Test
  void rowsWithoutLossAndHeldOutOnesAreCountedToo() {
    assertThat(of("sft", counts(10, 9, 0, 0, 1), counts(4, 2, 2, 1, 1)))
        .containsExactly(
            "phase one: 1 of 10 rows (10.0 %) have no token that carries loss and are left out; see"
                + " that something in them is to be learned, or remove them",
            "phase one: sequence_len, which is 2,048, cuts 2 and leaves no token that carries loss"
                + " in 1 of 4 held-out rows (75.0 %); raise it, or shorten them",
            "phase one: 1 of 4 held-out rows (25.0 %) have no token that carries loss and are left"
                + " out; see that something in them is to be learned, or remove them");
  }

  @Test
  void everyEqualPairDeservesAWord() {
    assertThat(of("dpo", new DataCounts(1000, 1000, 0, 0, 0, 3, 0, 1000, 1), null))
        .containsExactly(
            "phase one: 3 of 1,000 pairs (0.3 %) have equal completions, and give no gradient;"
                + " remove them");
    assertThat(of("dpo", new DataCounts(1000, 1000, 5, 0, 0, 3, 2, 1000, 1), null))
        .containsExactly(
            "phase one: 3 of 1,000 pairs (0.3 %) have equal completions, 2 of them because"
                + " sequence_len, which is 2,048, cuts off where they differ, and give no gradient;"
                + " raise sequence_len, or remove them");
  }

  @Test
  void rowsThatAreHeldOutTooAreNamedFromATenthOn() {
    assertThat(
            of(
                "sft",
                new DataCounts(100, 90, 0, 0, 0, Map.of(), 0, 0, 0, 90, 1, 0, 10, 0, 0),
                null))
        .containsExactly(
            "phase one: 10 of 100 rows (10.0 %) are in eval_datasets too and not trained on; hold"
                + " out others, or remove them");
    assertThat(
            of(
                "sft",
                new DataCounts(100, 91, 0, 0, 0, Map.of(), 0, 0, 0, 91, 1, 50, 9, 0, 0),
                null))
        .isEmpty();
  }

  @Test
  void aDatasetOfOneKindOfCompletionsDeservesAWord() {
    Map<String, DataCounts> datasets =
        new TreeMap<>(
            Map.of("good", judged(3, 0), "bad", judged(0, 4_000), "both", judged(1, 999)));
    assertThat(RowWarnings.oneSided(phase("sft"), datasets))
        .containsExactly(
            "phase one: all 4,000 completions of dataset bad are undesirable; kto learns from both"
                + " kinds, see that the labels are right, and that the phase has some of the other"
                + " kind",
            "phase one: all 3 completions of dataset good are desirable; kto learns from both kinds,"
                + " see that the labels are right, and that the phase has some of the other kind");
    assertThat(RowWarnings.oneSided(phase("sft"), Map.of("rows", DataCounts.whole(9, 99))))
        .isEmpty();
    assertThat(RowWarnings.oneSided(phase("sft"), null)).isEmpty();
  }

  private static DataCounts judged(long desirable, long undesirable) {
    long rows = desirable + undesirable;
    return new DataCounts(
        rows, rows, 0, 0, 0, Map.of(), 0, 0, 0, rows, 1, 0, 0, desirable, undesirable);
  }

  private static DataCounts counts(long read, long kept, long cut, long dropped, long withoutLoss) {
    return new DataCounts(read, kept, cut, dropped, withoutLoss, 0, 0, kept, 1);
  }

  private static List<String> of(
      String type, @Nullable DataCounts data, @Nullable DataCounts heldOut) {
    return RowWarnings.of(phase(type), data, heldOut);
  }

  private static Phase phase(String type) {
    String yaml =
        """
        name: p
        base_model: any
        phases:
          - {name: one, type: %s, targeting: {top_percent: 25}, learning_rate: 1,
             datasets: [{path: a}]}
        """
            .formatted(type);
    return PipelineReader.parse(yaml, "p.yaml", List.of()).phases().get(0);
  }
}
