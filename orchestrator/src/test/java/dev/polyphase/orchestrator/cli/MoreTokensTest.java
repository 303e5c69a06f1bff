package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pipelines that begin with tokens that their base lacks, and with a template by name. */
class MoreTokensTest {
  private static final String EMBEDDINGS = "model.embed_tokens.weight";
  private static final String PIPELINE =
      """
      name: more
      base_model: tiny-llama
      device: cpu
      special_tokens:
        eos_token: <|eot_id|>
        additional_special_tokens: [<|start_header_id|>, <|end_header_id|>]
      tokens: [<tool>]
      pad_embeddings_to_multiple_of: 32
      defaults: {learning_rate: 1e-3, max_steps: 2, datasets: [{path: talks.jsonl}]}
      phases:
        - {name: one, type: sft, targeting: {top_percent: 50}, chat_template: llama3}
        - {name: two, type: sft, targeting: {top_percent: 50}}
      """;

  @TempDir Path folder;
  private Path base = Path.of("");
  private Path run = Path.of("");

  /** The base knows no template, nor the tokens of ChatML. */
  @BeforeEach
  void files() throws IOException {
    base = Fixture.LLAMA.copyTo(folder);
    run = folder.resolve("runs/more");
    replace("tokenizer.json", "<|im_start|>", "<|a|>");
    replace("tokenizer_config.json", "\"chat_template\"", "\"note\"");
    Files.writeString(
        folder.resolve("talks.jsonl"),
        """
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
        {"messages": [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "<tool>2"}]}
        """);
    write(PIPELINE);
  }

  @Test
  void theRunBeginsWithThemAndAllPhasesLeaveThem() throws IOException {
    Polyphase.Ended ended = polyphase("run");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Checkpoint made = Checkpoint.open(run.resolve("base"));
    float[] old = TensorValues.floats(Checkpoint.open(base).find(EMBEDDINGS).orElseThrow());
    float[] now = TensorValues.floats(made.find(EMBEDDINGS).orElseThrow());
    assertThat(Arrays.copyOf(now, old.length)).isEqualTo(old);
    assertThat(now).hasSize(288 * 64);
    assertThat(made.find("lm_head.weight").orElseThrow().shape()).containsExactly(288L, 64L);
    assertThat(json(run.resolve("base/config.json")).path("vocab_size").intValue()).isEqualTo(288);

    for (String phase : List.of("phase-01-one", "phase-02-two")) {
      Path model = run.resolve(phase).resolve("model");
      assertThat(model.resolve("chat_template.jinja"))
          .content()
          .startsWith("{#- Llama 3: heads between header tokens")
          .contains("<|eot_id|>");
      assertThat(json(model.resolve("tokenizer_config.json")).path("eos_token").asText())
          .isEqualTo("<|eot_id|>");
      // The old end of the base's is kept behind the new one.
      assertThat(json(model.resolve("generation_config.json")).path("eos_token_id").toString())
          .isEqualTo("[259,258]");
      assertThat(json(model.resolve("config.json")).path("eos_token_id").toString())
          .isEqualTo("259");
      assertThat(Checkpoint.open(model).find(EMBEDDINGS).orElseThrow().shape())
          .containsExactly(288L, 64L);
    }
    assertThat(polyphase("run").messages()).contains("is finished");
    write(PIPELINE.replace("[<tool>]", "[<tool>, <other>]"));
    Polyphase.Ended changed = polyphase("run");
    assertThat(changed.exitCode()).isEqualTo(2);
    assertThat(changed.messages()).contains("tokens[1]");
  }

  @Test
  void aTemplateOfTheModelGivesWayToTheOneAskedFor() throws IOException {
    replace("tokenizer_config.json", "\"note\"", "\"chat_template\"");
    Files.createDirectory(base.resolve("additional_chat_templates"));
    Files.writeString(base.resolve("additional_chat_templates/tool_use.jinja"), "x");
    assertThat(polyphase("run").exitCode()).isZero();
    Path model = run.resolve("phase-01-one/model");
    assertThat(json(model.resolve("tokenizer_config.json")).has("chat_template")).isFalse();
    assertThat(model.resolve("additional_chat_templates")).doesNotExist();
    assertThat(json(run.resolve("base/tokenizer_config.json")).has("chat_template")).isTrue();
  }

  @Test
  void aPlanMakesNothingAndWarnsOfTokensThatStayUntrained() throws IOException {
    write(PIPELINE.replace("top_percent: 50}", "top_percent: 50}, adapter: lora"));
    Polyphase.Ended ended = Polyphase.execute("plan", yaml().toString(), "--json");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(run).doesNotExist();
    JsonNode plan = new ObjectMapper().readTree(ended.results());
    assertThat(plan.at("/phases/0/warnings").toString())
        .contains(
            "no phase trains embed_tokens and lm_head, where each row of the 4 new tokens stays as"
                + " it begins; name embed_tokens and lm_head in a phase's targeting.always_train");
    assertThat(plan.at("/phases/1/warnings").toString()).doesNotContain("new tokens");

    write(PIPELINE);
    JsonNode trained =
        new ObjectMapper()
            .readTree(Polyphase.execute("plan", yaml().toString(), "--json").results());
    assertThat(trained.at("/phases/0/warnings").toString()).doesNotContain("new tokens");
    // 16 rows more, of embeddings and head.
    assertThat(trained.at("/phases/0/model_parameters").longValue())
        .isEqualTo(
            Checkpoint.open(base).tensors().stream().mapToLong(t -> t.elements()).sum()
                + 2 * 16 * 64);
  }

  @Test
  void tokensThatATemplateNeedsAreNamed() throws IOException {
    write(PIPELINE.replace("[<|start_header_id|>, <|end_header_id|>]", "[<|start_header_id|>]"));
    Polyphase.Ended ended = polyphase("run");
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .contains(
            "phases.one.chat_template: is llama3, which writes",
            "tokenizer lacks <|end_header_id|>,",
            "additional_special_tokens: ['<|end_header_id|>']");
    assertThat(run).doesNotExist();
  }

  /** The checks are made on an outline, which is gone when anybody reads its name. */
  @Test
  void whatIsWrongWithTheBaseIsNamedByTheBase() throws IOException {
    replace(
        "tokenizer_config.json",
        "\"tokenizer_class\": \"PreTrainedTokenizerFast\"",
        "\"tokenizer_class\": \"LlamaTokenizer\", \"add_bos_token\": true");
    Files.writeString(folder.resolve("talks.jsonl"), "{\"text\": \"a\"}\n");
    Polyphase.Ended ended = polyphase("run");
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .contains(base.resolve("tokenizer_config.json") + ": \"add_bos_token\" is true")
        .doesNotContain("outline");
  }

  @Test
  void aNewModelHasThemFromTheBeginning() throws IOException {
    write(
        PIPELINE.replace(
            "base_model: tiny-llama",
            "base_model: {init: random, config: tiny-llama/config.json, tokenizer: tiny-llama}"));
    Polyphase.Ended ended = polyphase("run");
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    float[] values =
        TensorValues.floats(Checkpoint.open(run.resolve("base")).find(EMBEDDINGS).orElseThrow());
    assertThat(values).hasSize(288 * 64);
    assertThat(Arrays.copyOfRange(values, 287 * 64, 288 * 64)).doesNotContain(0);
  }

  private void replace(String file, String old, String other) throws IOException {
    Path path = base.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(old);
    Files.writeString(path, text.replace(old, other));
  }

  private Path yaml() {
    return folder.resolve("more.yaml");
  }

  private void write(String pipeline) throws IOException {
    Files.writeString(yaml(), pipeline);
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  private Polyphase.Ended polyphase(String command, String... more) {
    List<String> args = new ArrayList<>(List.of(command, yaml().toString()));
    args.addAll(List.of("--output", folder.resolve("runs").toString()));
    args.addAll(List.of(more));
    return Polyphase.execute(args.toArray(String[]::new));
  }
}
