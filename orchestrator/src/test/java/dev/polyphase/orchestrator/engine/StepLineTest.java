package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.api.MetricsRow;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepLineTest {
  private static final MetricsRow STEP = row(120, 400, "loss", 1.23456, "learning_rate", 2e-5);

  @Test
  void namesWhatIsKnown() {
    MetricsRow full =
        row(
            7,
            9,
            "loss",
            0.5,
            "rewards/accuracies",
            0.75,
            "learning_rate",
            5e-7,
            "tokens_per_second",
            811.6);

    assertThat(StepLine.full(full, OptionalDouble.of(61)))
        .isEqualTo("step 7/9 loss 0.5000 accuracy 0.750 lr 5.0e-07 812 tok/s 1:01 left");
    assertThat(StepLine.brief(full, OptionalDouble.empty()))
        .isEqualTo("step 7/9 loss 0.5000 accuracy 0.750 812 tok/s");
    assertThat(StepLine.full(row(0, 9, "eval_loss", 2, "eval_runtime", 3), OptionalDouble.empty()))
        .isEqualTo("step 0/9 held-out loss 2.0000");
    assertThat(StepLine.brief(row(9, 9, "loss", 1), OptionalDouble.of(0)))
        .isEqualTo("step 9/9 loss 1.0000");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0:00",
    "59.6, 1:00",
    "3599.4, 59:59",
    "3600, 1:00:00",
    "86399, 23:59:59",
    "86400, 1 d 0 h",
    "183600, 2 d 3 h"
  })
  void tellsTimes(double seconds, String words) {
    assertThat(StepLine.duration(seconds)).isEqualTo(words);
  }

  @Test
  void cutsTheNameBeforeTheFigures() {
    String text = StepLine.brief(STEP, OptionalDouble.empty());
    String whole = "phase 1/3 foundation: step 120/400 loss 1.2346";

    assertThat(StepLine.fitted("phase 1/3", "foundation", text, whole.length())).isEqualTo(whole);
    assertThat(StepLine.fitted("phase 1/3", "foundation", text, whole.length() - 1))
        .isEqualTo("phase 1/3 foundati…: step 120/400 loss 1.2346")
        .hasSize(whole.length() - 1);
    assertThat(StepLine.fitted("phase 1/3", "foundation", text, text.length() + 10))
        .isEqualTo(text);
    assertThat(StepLine.fitted("phase 1/3", "foundation", text, 12)).isEqualTo("step 120/400");
    assertThat(StepLine.fitted("phase 1/3", "foundation", text, 0)).isEmpty();
  }

  static MetricsRow row(long step, long total, Object... figures) {
    Map<String, Number> values = new LinkedHashMap<>();
    for (int i = 0; i < figures.length; i += 2) {
      values.put((String) figures[i], (Number) figures[i + 1]);
    }
    return new MetricsRow(step, total, values);
  }
}
