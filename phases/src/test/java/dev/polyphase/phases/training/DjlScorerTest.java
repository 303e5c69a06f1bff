package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.ScoredRow;
import dev.polyphase.phases.api.ScoringListener;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Scores of rows on disk against figures that are not ours. */
class DjlScorerTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void lossOfTheFinetuningRows(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden();
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.add(row(golden.path("input_ids").path(i), golden.path("sft").path("labels").path(i)));
    }

    List<ScoredRow> scores = score(fixture, rows);

    double logprob = 0;
    long tokens = 0;
    for (ScoredRow score : scores) {
      assertThat(score.loss()).isEqualTo(-score.logprob() / score.tokens());
      logprob += score.logprob();
      tokens += score.tokens();
    }
    double loss = golden.path("sft").path("loss").doubleValue();
    assertThat(scores).hasSize(3);
    assertThat(-logprob / tokens).isCloseTo(loss, within(1e-4 * loss));
  }

  @ParameterizedTest
  @EnumSource
  void logProbabilitiesOfThePairs(Fixture fixture) throws IOException {
    JsonNode dpo = fixture.golden().path("dpo");
    List<String> rows = new ArrayList<>();
    List<Double> expected = new ArrayList<>();
    List<Long> tokens = new ArrayList<>();
    for (String side : List.of("chosen", "rejected")) {
      for (int i = 0; i < dpo.path(side + "_ids").size(); i++) {
        JsonNode ids = dpo.path(side + "_ids").path(i);
        List<Integer> labels = new ArrayList<>();
        long counted = 0;
        for (int t = 0; t < ids.size(); t++) {
          boolean counts = dpo.path(side + "_mask").path(i).path(t).intValue() == 1;
          labels.add(counts ? ids.path(t).intValue() : -100);
          counted += counts ? 1 : 0;
        }
        rows.add(row(ids, labels));
        tokens.add(counted);
        expected.add(dpo.path("ref_" + side + "_logps").path(i).doubleValue());
      }
    }

    List<ScoredRow> scores = score(fixture, rows);

    assertThat(scores).hasSize(8).extracting(ScoredRow::tokens).isEqualTo(tokens);
    for (int i = 0; i < 8; i++) {
      assertThat(scores.get(i).logprob())
          .isCloseTo(expected.get(i), within(-1e-4 * expected.get(i)));
    }
  }

  /** The golden figures are those of the head that the weights hold. */
  @Test
  void aHeadThatIsThereIsUsedWhateverTheConfigurationSays() throws IOException {
    JsonNode golden = Fixture.LLAMA.golden();
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      JsonNode ids = golden.path("input_ids").path(i);
      rows.append(row(ids, golden.path("sft").path("labels").path(i))).append('\n');
    }
    Path file = Files.writeString(folder.resolve("rows.jsonl"), rows);
    Path model = Fixture.LLAMA.copyTo(folder);
    ContradictedHead.put(model);
    List<ScoredRow> scores = new ArrayList<>();

    new DjlScorer().score(model, file, "cpu", Dtype.FLOAT32, scores::add);

    double loss = golden.path("sft").path("loss").doubleValue();
    double logprob = scores.stream().mapToDouble(ScoredRow::logprob).sum();
    long tokens = scores.stream().mapToLong(ScoredRow::tokens).sum();
    assertThat(-logprob / tokens).isCloseTo(loss, within(1e-4 * loss));
  }

  @Test
  void rowsWithoutALabelHaveNoLoss() throws IOException {
    assertThat(
            score(
                Fixture.LLAMA,
                List.of(
                    row(List.of(5, 6), List.of(-100, -100)),
                    // The first label has nothing before it to be predicted from.
                    row(List.of(5), List.of(5)))))
        .containsExactly(new ScoredRow(0, 0, null), new ScoredRow(0, 0, null));
  }

  @Test
  void textIsEndedAndScoredWhole() throws IOException {
    List<ScoredRow> scores =
        score(
            Fixture.QWEN2,
            List.of(
                "{\"text\": \"Hi!\"}",
                "{\"prompt\": \"H\", \"completion\": \"i!\"}",
                row(List.of(72, 105, 33, 258), List.of(72, 105, 33, 258))));

    // The same three predictions each: the first token has none.
    assertThat(scores).extracting(ScoredRow::tokens).containsExactly(3L, 3L, 3L);
    assertThat(scores).extracting(ScoredRow::logprob).containsOnly(scores.get(0).logprob());
  }

  @Test
  void eachRowIsAnnouncedBeforeItsResult() throws IOException {
    Path rows = folder.resolve("rows.jsonl");
    Files.writeString(
        rows, row(List.of(1, 2), List.of(1, 2)) + "\n" + row(List.of(1, 2, 3), List.of(1, 2, 3)));
    List<String> heard = new ArrayList<>();
    ScoringListener listener =
        new ScoringListener() {
          @Override
          public void scoring(int row, int count, int tokens) {
            heard.add(row + "/" + count + " " + tokens);
          }

          @Override
          public void scored(ScoredRow row) {
            heard.add("scored " + row.tokens());
          }
        };

    new DjlScorer().score(Fixture.LLAMA.copyTo(folder), rows, "cpu", Dtype.FLOAT32, listener);

    assertThat(heard).containsExactly("1/2 2", "scored 1", "2/2 3", "scored 2");
  }

  @Test
  void nothingIsHandedOnWhereARowIsWrong() throws IOException {
    List<ScoredRow> heard = new ArrayList<>();
    Path rows = folder.resolve("rows.jsonl");
    Files.writeString(rows, row(List.of(1, 2), List.of(1, 2)) + "\n{\"input_ids\": [1, 999]}\n");
    Path model = Fixture.LLAMA.copyTo(folder);

    assertThatThrownBy(() -> new DjlScorer().score(model, rows, "cpu", Dtype.FLOAT32, heard::add))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(rows + ":2: ");
    assertThatThrownBy(
            () ->
                new DjlScorer()
                    .score(model, folder.resolve("no.jsonl"), "cpu", Dtype.FLOAT32, heard::add))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("no.jsonl");
    assertThat(heard).isEmpty();
  }

  private List<ScoredRow> score(Fixture fixture, List<String> rows) throws IOException {
    Path file = folder.resolve("rows.jsonl");
    Files.write(file, rows);
    List<ScoredRow> scores = new ArrayList<>();
    new DjlScorer().score(fixture.copyTo(folder), file, "cpu", Dtype.FLOAT32, scores::add);
    return scores;
  }

  private static String row(Object ids, Object labels) {
    return "{\"input_ids\": %s, \"labels\": %s}".formatted(ids, labels);
  }
}
