package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders whose files say different things of the model, and folders that hold none. */
class OddModelsTest {
  @TempDir Path folder;
  private Path model = Path.of("");
  private Path rows = Path.of("");
  private Path yaml = Path.of("");

  @BeforeEach
  void files() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
    rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"sound\"}\n");
    yaml =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            name: p
            base_model: tiny-llama
            defaults: {datasets: [{path: rows.jsonl}], learning_rate: 1.0e-3, max_steps: 1}
            phases:
              - {name: one, type: cpt, targeting: {top_percent: 50}}
              - {name: two, type: cpt, targeting: {top_percent: 50}}
            """);
  }

  @Test
  void aHeadThatTheConfigurationCallsTiedIsUsedAndSaidOnce() throws IOException {
    String untied = score(model).results();
    Path config = model.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(
        config, text.replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true"));

    Polyphase.Ended scored = score(model);
    Polyphase.Ended planned = Polyphase.execute("plan", yaml.toString());
    Polyphase.Ended ran =
        Polyphase.execute("run", yaml.toString(), "--output", folder.resolve("runs").toString());

    assertThat(scored.results()).isEqualTo(untied).isNotEmpty();
    for (Polyphase.Ended ended : List.of(scored, planned, ran)) {
      assertThat(ended.exitCode()).as(ended.messages()).isZero();
      assertThat(ended.messages())
          .containsOnlyOnce(
              config + ": tie_word_embeddings is true, but the weights hold lm_head.weight, ");
    }
    assertThat(folder.resolve("runs/p/phase-02-two/model/config.json")).hasContent(text);
    assertThat(score(folder.resolve("runs/p/phase-01-one/model")).messages()).isEmpty();
  }

  @Test
  void anAdapterIsNamedWhateverItIsTakenFor() throws IOException {
    String config = Files.readString(model.resolve("config.json"));
    Files.delete(model.resolve("model.safetensors"));
    Files.writeString(
        model.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"/models/base\"}");
    Files.writeString(model.resolve("adapter_model.safetensors"), "weights");
    for (boolean hasConfig : new boolean[] {true, false}) {
      if (hasConfig) {
        Files.writeString(model.resolve("config.json"), config);
      } else {
        Files.delete(model.resolve("config.json"));
      }
      List<Polyphase.Ended> all =
          List.of(
              Polyphase.execute("run", yaml.toString(), "--output", folder.toString()),
              Polyphase.execute("plan", yaml.toString()),
              Polyphase.execute("scan", model.toString(), "-o", folder.toString()),
              score(model));
      for (Polyphase.Ended ended : all) {
        assertThat(ended.exitCode()).isEqualTo(2);
        assertThat(ended.messages())
            .startsWith(model + ": this is an adapter of the model /models/base ")
            .contains("merge_and_unload()")
            .hasLineCount(1);
      }
    }
    assertThat(folder.resolve("p")).doesNotExist();
  }

  private Polyphase.Ended score(Path folder) {
    return Polyphase.execute("score", folder.toString(), "--input", rows.toString());
  }
}
