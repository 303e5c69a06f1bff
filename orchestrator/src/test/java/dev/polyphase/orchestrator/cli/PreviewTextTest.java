package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fixture's tokenizer has one token a byte. */
class PreviewTextTest {
  private static final Place PLACE = Place.line("rows.jsonl", 3);

  @TempDir Path temp;

  @Test
  void aJudgedCompletionIsARowOfItsOwnShape() {
    assertThat(PreviewText.json("last", judged(false)).toString())
        .isEqualTo(
            "{\"phase\":\"last\",\"dataset\":\"rows\",\"file\":\"rows.jsonl\",\"line\":3,"
                + "\"prompt_input_ids\":[81,58],\"completion_input_ids\":[78,111],\"label\":false}");
  }

  @Test
  void aJudgedCompletionIsShownAsWhatItIs() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(Fixture.QWEN2.copyTo(temp))) {
      PreviewText text = new PreviewText(tokenizer, false);
      assertThat(PreviewText.lines(text.row("last", judged(true)), false))
          .isEqualToNormalizingNewlines(
              """
              rows.jsonl:3, prompt (last, rows): 2 tokens, 0 carry loss
              Q:
              rows.jsonl:3, desirable completion (last, rows): 2 tokens, 2 carry loss
              \u27e6No\u27e7

              """);
      assertThat(PreviewText.lines(text.row("last", judged(false)), false))
          .contains("rows.jsonl:3, undesirable completion (last, rows): 2 tokens, 2 carry loss");
    }
  }

  private static ShownRow judged(boolean desirable) {
    return new ShownRow.Judged(
        PLACE, "rows", new int[] {'Q', ':'}, new int[] {'N', 'o'}, desirable);
  }
}
