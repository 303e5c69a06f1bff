package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a phase leaves of its pairs' margins, beside the figures that it logs of single pairs. */
class MarginsTest {
  private static final int PAIRS = 10;

  @TempDir Path folder;

  @Test
  void areThoseOfTheLastEpoch() throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(PAIRS);

    RecordingListener heard =
        run.train(
            "model",
            Optional.empty(),
            "phases.one.micro_batch_size=1",
            "phases.one.gradient_accumulation_steps=1",
            "phases.one.max_steps=25",
            "phases.one.learning_rate=1e-2");

    // A row of metrics is a pair, and the last ten rows are all pairs, each once or not at all.
    double[] logged =
        heard.rows.stream()
            .filter(row -> row.values().containsKey("loss"))
            .mapToDouble(row -> row.values().get("rewards/margins").doubleValue())
            .toArray();
    assertThat(logged).hasSize(25);
    JsonNode margins = new ObjectMapper().readTree(folder.resolve("margins.json").toFile());
    double[] edges = doubles(margins.path("edges"));
    assertThat(edges).contains(0).isSorted().hasSizeBetween(5, 40);
    JsonNode training = margins.path("training");
    assertThat(training.path("pairs").intValue()).isEqualTo(PAIRS);
    // Five pairs were seen in the third epoch, the other five are as in the second.
    int[] third = inBins(edges, Arrays.copyOfRange(logged, 20, 25));
    int[] both = inBins(edges, Arrays.copyOfRange(logged, 10, 25));
    double[] counts = doubles(training.path("counts"));
    int all = 0;
    for (int bin = 0; bin < counts.length; bin++) {
      assertThat((int) counts[bin]).isBetween(third[bin], both[bin]);
      all += (int) counts[bin];
    }
    assertThat(all + training.path("ties").intValue()).isEqualTo(PAIRS);

    // Before the first step the policy is the reference, to the last bit.
    JsonNode before = margins.path("held_out_before");
    assertThat(before.path("ties").intValue()).isEqualTo(PAIRS);
    assertThat(doubles(before.path("counts"))).containsOnly(0);
    JsonNode after = margins.path("held_out_after");
    assertThat(after.path("pairs").intValue()).isEqualTo(PAIRS);
    assertThat(Arrays.stream(doubles(after.path("counts"))).sum()).isEqualTo(PAIRS);
    double share =
        heard.rows.get(heard.rows.size() - 1).values().get("eval_rewards/accuracies").doubleValue();
    double above = 0;
    for (int bin = 0; bin < counts.length; bin++) {
      above += edges[bin] >= 0 ? after.path("counts").get(bin).intValue() : 0;
    }
    assertThat(above / PAIRS).isEqualTo(share);
  }

  @Test
  void ofOneEpochAreAllThatWereLogged() throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(PAIRS);

    RecordingListener heard =
        run.train(
            "model",
            Optional.empty(),
            "phases.one.micro_batch_size=1",
            "phases.one.gradient_accumulation_steps=1",
            "phases.one.max_steps=8",
            "phases.one.learning_rate=1e-2");

    double[] logged =
        heard.rows.stream()
            .filter(row -> row.values().containsKey("loss"))
            .mapToDouble(row -> row.values().get("rewards/margins").doubleValue())
            .toArray();
    JsonNode margins = new ObjectMapper().readTree(folder.resolve("margins.json").toFile());
    JsonNode training = margins.path("training");
    // The first step's margin is 0.
    assertThat(training.path("pairs").intValue()).isEqualTo(8);
    assertThat(training.path("ties").intValue())
        .isEqualTo((int) Arrays.stream(logged).filter(margin -> margin == 0).count())
        .isPositive();
    assertThat(Arrays.stream(doubles(training.path("counts"))).mapToInt(c -> (int) c).toArray())
        .isEqualTo(inBins(doubles(margins.path("edges")), logged));
  }

  private static int[] inBins(double[] edges, double[] margins) {
    int[] counts = new int[edges.length - 1];
    for (double margin : margins) {
      for (int bin = 0; bin < counts.length; bin++) {
        counts[bin] += margin != 0 && margin >= edges[bin] && margin < edges[bin + 1] ? 1 : 0;
      }
    }
    return counts;
  }

  private static double[] doubles(JsonNode list) {
    double[] values = new double[list.size()];
    Arrays.setAll(values, i -> list.get(i).doubleValue());
    return values;
  }
}
