package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.language.PipelineReader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MissedRescansTest {
  private static final String HEAD = "phase one has no rescan: rescan_every is ";
  private static final String EPOCH =
      HEAD + "epoch, and the phase ends with its first pass over the rows, after ";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rescan_every: 2_000 | 1500 | 2,000, and the phase ends after 1,500 steps; set it below"
            + " 1,500",
        "rescan_every: 1, max_steps: 1 | 1 | 1, and the phase ends after 1 step;"
            + " raise max_steps, which is 1, or leave rescan_every out",
      })
  void stepsThatAreTooMany(String settings, long steps, String expected) {
    assertThat(sentence(settings, steps, 0)).contains(HEAD + expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rescan_every: epoch | raise num_epochs, which is 1, or leave rescan_every out",
        "rescan_every: epoch, num_epochs: 0.5 |"
            + " raise num_epochs, which is 0.5, or leave rescan_every out",
        "rescan_every: epoch, num_epochs: 3, max_steps: 40 | raise num_epochs, which is 3,"
            + " or max_steps, which is 40, or leave rescan_every out",
        "rescan_every: epoch, max_tokens: 5_000 |"
            + " raise max_tokens, which is 5,000, or leave rescan_every out",
      })
  void epochsThatAreTooFew(String settings, String expected) {
    assertThat(sentence(settings, 40, 0)).contains(EPOCH + "40 steps; " + expected);
  }

  @Test
  void whoHasSomeOrWantsNoneIsToldNothing() {
    assertThat(sentence("rescan_every: 20", 40, 1)).isEmpty();
    assertThat(sentence("num_epochs: 1", 40, 0)).isEmpty();
  }

  private static Optional<String> sentence(String settings, long steps, long rescans) {
    String yaml =
        """
        name: p
        base_model: any
        phases:
          - {name: one, type: sft, targeting: {top_percent: 50}, learning_rate: 1,
             datasets: [{path: a}], %s}
        """
            .formatted(settings);
    PhasePlan plan =
        new PhasePlan(
            DataCounts.whole(1, 1),
            null,
            List.of(),
            Map.of(),
            List.of(),
            List.of(),
            0,
            steps,
            rescans,
            1,
            new Reach(1, 1, 1, 1, 1, "float32"),
            1,
            1,
            new Compute("none", "cpu", "float32", "so"),
            new MemoryEstimate(1, 1, 0, 0, 0, 0, null, 0, 0, 0, 0, 1),
            List.of(),
            null,
            0,
            0,
            null);
    return MissedRescans.sentence(
        new PlannedPhase(
            PipelineReader.parse(yaml, "p.yaml", List.of()).phases().get(0),
            ExpectedTarget.none(),
            plan));
  }
}
