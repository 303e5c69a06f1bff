package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base model that stops at {@code <|endoftext|>} (256), whatever it is trained on. */
class LearnedEndsTest {
  private static final EndToken END_OF_TEXT = new EndToken(256, "<|endoftext|>");
  private static final EndToken END_OF_TURN = new EndToken(258, "<|im_end|>");

  private static final String CHAT =
      """
      {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "bc"}]}
      {"messages": [{"role": "user", "content": "d"}, {"role": "assistant", "content": "e"}]}
      """;

  @TempDir Path folder;
  private SftRun run;

  @BeforeEach
  void base() throws IOException {
    run = SftRun.ofLlama(folder, "model.layers.0.mlp.up_proj.weight");
    put("tokenizer_config.json", "eos_token", "\"<|endoftext|>\"");
    put("config.json", "eos_token_id", "256");
    Files.writeString(
        run.base().resolve("generation_config.json"),
        "{\n  \"do_sample\": true,\n  \"eos_token_id\": 256,\n  \"temperature\": 0.70\n}\n");
  }

  @Test
  void theEndOfATurnIsSaidWhereGenerationLooks() throws IOException {
    rows(CHAT);

    assertThat(run.check().ends()).containsExactly(END_OF_TURN);
    PhaseResult result = run.train("result", new RecordingListener());

    assertThat(result.ends()).containsExactly(END_OF_TURN, END_OF_TEXT);
    assertThat(saved("generation_config.json"))
        .isEqualTo(
            "{\n  \"do_sample\": true,\n  \"eos_token_id\": [258,256],\n  \"temperature\": 0.70\n}\n");
    assertThat(saved("config.json"))
        .isEqualTo(
            base("config.json")
                .replaceFirst("\"eos_token_id\": ?256", "\"eos_token_id\":[258,256]"));
    // The tokenizer's own end of plain text is one of them, and stays.
    assertThat(saved("tokenizer_config.json")).isEqualTo(base("tokenizer_config.json"));
  }

  @Test
  void theEndOfATurnIsWhatTheTemplateWrites() throws IOException {
    Files.writeString(
        run.base().resolve("chat_template.jinja"),
        "{% for m in messages %}{{ m.role + ': ' + m.content + '<|im_start|>' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}");
    rows(CHAT);

    assertThat(run.check().ends()).containsExactly(new EndToken(257, "<|im_start|>"));
  }

  @Test
  void aNextPhaseOnTheSavedModelChangesNothingMore() throws IOException {
    rows(CHAT);
    run.train("result", new RecordingListener());
    SftRun next = new SftRun(folder, folder.resolve("result"), run.trained());

    assertThat(next.check().ends()).containsExactly(END_OF_TURN);
    next.train("again", new RecordingListener());

    for (String name : List.of("config.json", "generation_config.json")) {
      assertThat(Files.readString(folder.resolve("again").resolve(name))).isEqualTo(saved(name));
    }
  }

  @Test
  void plainTextEndsAsItsTokenizerSaysWhateverTheConfigsSay() throws IOException {
    put("tokenizer_config.json", "eos_token", "\"<|im_end|>\"");
    rows("{\"text\": \"abc\"}\n");

    assertThat(run.check().ends()).containsExactly(END_OF_TURN);
    run.train("result", new RecordingListener());

    assertThat(ids("generation_config.json")).containsExactly(258, 256);
    assertThat(ids("config.json")).containsExactly(258, 256);
  }

  @Test
  void withoutAGenerationConfigOneIsMade() throws IOException {
    Files.delete(run.base().resolve("generation_config.json"));
    put("config.json", "pad_token_id", "256");
    rows(CHAT);

    run.train("result", new RecordingListener());

    assertThat(ids("generation_config.json")).containsExactly(258, 256);
    assertThat(json("generation_config.json").path("pad_token_id").asInt()).isEqualTo(256);
    assertThat(ids("config.json")).containsExactly(258, 256);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"eos_token_id\": null", "\"other\": 1"})
  void whereNothingNamesAnEndTheLearnedOneIsNamed(String key) throws IOException {
    put("tokenizer_config.json", "eos_token", "null");
    remove("config.json", "eos_token_id");
    Files.writeString(run.base().resolve("generation_config.json"), "{" + key + "}");
    rows(CHAT);

    run.train("result", new RecordingListener());

    assertThat(json("generation_config.json").path("eos_token_id").asInt()).isEqualTo(258);
    assertThat(json("config.json").path("eos_token_id").asInt()).isEqualTo(258);
  }

  /**
   * Where no file of the tokenizer names the end of plain texts, the configurations' first one is
   * it, for the phases to come too.
   */
  @Test
  void theEndOfPlainTextStaysTheOneThatItWas() throws IOException {
    put("tokenizer_config.json", "eos_token", "null");
    rows(CHAT);

    PhaseResult result = run.train("result", new RecordingListener());

    assertThat(result.ends()).containsExactly(END_OF_TURN, END_OF_TEXT);
    assertThat(ids("generation_config.json")).containsExactly(256, 258);
    assertThat(ids("config.json")).containsExactly(256, 258);
    try (Tokenizer tokenizer = Tokenizer.open(folder.resolve("result"))) {
      assertThat(tokenizer.eosId()).isEqualTo(256);
    }
  }

  @Test
  void tokensThatEndTurnsAreKnownInPreTokenisedRows() throws IOException {
    rows(
        "{\"input_ids\": [257, 97, 258, 257, 98, 258], \"labels\": [-100, -100, -100, -100, 98, 258]}\n");
    assertThat(run.check().ends()).containsExactly(END_OF_TURN);
    rows(
        "{\"input_ids\": [257, 97, 258, 257, 98, 258], \"labels\": [-100, -100, -100, -100, 98, -100]}\n");
    assertThat(run.check().ends()).isEmpty();
  }

  @Test
  void anEndThatCarriesNoLossChangesNothing() throws IOException {
    rows(CHAT);

    // The head of the assistant's turn, and the first letter of what it says.
    String[] cut = {"phases.one.sequence_len=21"};
    assertThat(run.check(cut).ends()).isEmpty();
    PhaseResult result = run.train("result", new RecordingListener(), cut);

    assertThat(result.ends()).containsExactly(END_OF_TEXT);
    for (String name : List.of("config.json", "generation_config.json", "tokenizer_config.json")) {
      assertThat(saved(name)).isEqualTo(base(name));
    }
  }

  @Test
  void aModelWithoutATokenizerKnowsItsEndsByTheirNumbers() throws IOException {
    Files.delete(run.base().resolve("tokenizer.json"));
    rows("{\"input_ids\": [97, 98, 256], \"labels\": [-100, 98, 256]}\n");
    assertThat(run.check().ends()).containsExactly(new EndToken(256, ""));
  }

  private void rows(String rows) throws IOException {
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  private void put(String file, String key, String value) throws IOException {
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(base(file));
    json.set(key, new ObjectMapper().readTree(value));
    Files.writeString(run.base().resolve(file), json.toString());
  }

  private void remove(String file, String key) throws IOException {
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(base(file));
    json.remove(key);
    Files.writeString(run.base().resolve(file), json.toString());
  }

  private String base(String file) throws IOException {
    return Files.readString(run.base().resolve(file));
  }

  private String saved(String file) throws IOException {
    return Files.readString(folder.resolve("result").resolve(file));
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(saved(file));
  }

  private List<Integer> ids(String file) throws IOException {
    return new ObjectMapper()
        .convertValue(json(file).path("eos_token_id"), new TypeReference<List<Integer>>() {});
  }
}
