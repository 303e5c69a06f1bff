package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models whose positions depend on how long a row is: a prompt is another one in each row. */
class UnsharedPromptsTest {
  private static final String REFUSED =
      "phases.one.dpo.prefix_sharing: on, but positions of the model, or of the reference, depend"
          + " on how long a row is, as rope_type dynamic and longrope have it, so that a prompt is"
          + " another one before each completion; leave it out, or set it to off";
  private static final String SHARED = "phases.one.dpo.prefix_sharing=true";

  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void files() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(12);
  }

  /** Prompts are about as long as completions, so that they would be shared. */
  @Test
  void theirPromptsAreComputedWithEachCompletion() throws IOException {
    assertThat(rows()).isEqualTo(1);
    makeDynamic(run.base());
    assertThat(rows()).isEqualTo(6);

    RecordingListener unsaid = run.train("unsaid", Optional.empty());
    RecordingListener off =
        run.train("off", Optional.empty(), "phases.one.dpo.prefix_sharing=false");
    assertThat(unsaid.figures()).isEqualTo(off.figures());
    ComparedRuns.assertSameWeights(folder.resolve("unsaid"), folder.resolve("off"));
  }

  @Test
  void toShareThemIsRefused() throws IOException {
    run.check(SHARED);
    makeDynamic(run.base());
    assertThatThrownBy(() -> run.check(SHARED))
        .isInstanceOf(InputException.class)
        .hasMessage(REFUSED);
  }

  @Test
  void soItIsWithSuchAReference() throws IOException {
    makeDynamic(Fixture.QWEN2.copyTo(folder));
    String reference = "phases.one.dpo.reference=tiny-qwen2";
    assertThatThrownBy(() -> run.check(reference, SHARED))
        .isInstanceOf(InputException.class)
        .hasMessage(REFUSED);
    assertThat(rows(reference)).isEqualTo(6);
  }

  /** Of the largest forward pass of three pairs: all in one where prompts are shared. */
  private int rows(String... settings) throws IOException {
    return run.check(settings).memory().batchRows();
  }

  private static void makeDynamic(Path model) throws IOException {
    Path config = model.resolve("config.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode keys = (ObjectNode) json.readTree(config.toFile());
    keys.put("max_position_embeddings", 16)
        .putObject("rope_scaling")
        .put("rope_type", "dynamic")
        .put("factor", 4);
    Files.writeString(config, keys.toString());
  }
}
