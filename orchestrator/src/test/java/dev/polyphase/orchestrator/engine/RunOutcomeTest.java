package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.engine.RunOutcome.Interruption;
import dev.polyphase.orchestrator.store.PhaseFolder.KeptStep;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class RunOutcomeTest {
  private static final KeptStep KEPT = new KeptStep(1200, Path.of("checkpoints/step-001200"));

  @Test
  void whoInterruptsHearsWhatIsKept() {
    assertThat(sentence(new Interruption(1200, KEPT)))
        .isEqualTo(
            "interrupted after step 1,200, the state is in checkpoints/step-001200; it goes on there");
    assertThat(sentence(new Interruption(1250, KEPT)))
        .isEqualTo(
            "interrupted after step 1,250; the state of step 1,200 is in checkpoints/step-001200; it goes on there");
    // While the phase was prepared.
    assertThat(sentence(new Interruption(0, KEPT)))
        .isEqualTo(
            "interrupted; the state of step 1,200 is in checkpoints/step-001200; it goes on there");
    assertThat(sentence(new Interruption(0, null))).isEqualTo("interrupted; it resumes");
    assertThat(sentence(new Interruption(7, null)))
        .isEqualTo(
            "interrupted after step 7, of which nothing could be kept; it begins the phase anew");
  }

  private static String sentence(Interruption interruption) {
    return interruption.sentence("it");
  }
}
