package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The bytes are those that TensorBoard 2.21's own message classes and checksum make. */
class TensorBoardEventTest {
  private static final Instant TIME = Instant.parse("2025-11-30T03:40:55.125Z");

  @Test
  void aFileBeginsWithItsVersion() {
    assertBytes(
        TensorBoardEvent.version(TIME),
        "1800000000000000a37f4b22090000c831ef4ada411a0d627261696e2e4576656e743a32c99f3fba");
  }

  @Test
  void figuresAfterAStep() {
    Map<String, Number> figures = new LinkedHashMap<>();
    figures.put("train/loss", 2.5);
    figures.put("train/learning_rate", 0.1);
    assertBytes(
        TensorBoardEvent.scalars(TIME, 300, figures),
        "3d000000000000006049f1ec090000c831ef4ada4110ac022a2f0a110a0a747261696e2f6c6f73731500002040"
            + "0a1a0a13747261696e2f6c6561726e696e675f7261746515cdcccc3d2d94ec86");
  }

  @Test
  void aTextBesideThem() {
    assertBytes(
        TensorBoardEvent.text(TIME, "args/text_summary", "    name: \u00e4"),
        "420000000000000079f36eaa090000c831ef4ada412a370a350a11617267732f746578745f73756d6d61727942"
            + "160807120412020801420c202020206e616d653a20c3a44a080a060a0474657874d1e6d2c6");
  }

  @Test
  void aProcessThatGoesOnWithAStep() {
    assertBytes(
        TensorBoardEvent.start(TIME, 301),
        "100000000000000095fbfe18090000c831ef4ada4110ad023a02080188478305");
  }

  private static void assertBytes(TensorBoardEvent event, String hex) {
    assertThat(HexFormat.of().formatHex(event.bytes())).isEqualTo(hex);
  }
}
