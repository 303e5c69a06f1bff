package dev.polyphase.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What other files add to a {@code tokenizer.json} that knows the bytes and {@code <|endoftext|>}
 * alone. The expected ids are those that {@code AutoTokenizer} of transformers 4.57, 5.18 and 5.24
 * gave for the same folders.
 */
class TokenizerFolderTest {
  private static final String SETTINGS =
      "'lstrip': false, 'normalized': false, 'rstrip': false, 'single_word': false, 'special': true";

  @TempDir Path temp;
  private Path model;

  @BeforeEach
  void model() throws IOException {
    model = Fixture.LLAMA.copyTo(temp);
    Path file = model.resolve("tokenizer.json");
    String json = Files.readString(file);
    int start = json.indexOf("{\"id\": 257");
    int end = json.indexOf("]", start);
    Files.writeString(file, json.substring(0, json.lastIndexOf(',', start)) + json.substring(end));
    config("{}");
  }

  @Test
  void withoutTheseFilesTheTokensArePieces() throws IOException {
    assertThat(turn()).hasSize("<|im_start|>a<|im_end|>".length());
  }

  @ParameterizedTest
  @CsvSource({"257, 258, 257, 258", "258, 257, 258, 257", "270, 271, 257, 258"})
  void takesAddedTokensOfTheConfigInTheOrderOfTheirIds(
      int startThere, int endThere, int start, int end) throws IOException {
    config(
        "{'added_tokens_decoder': {'%d': {'content': '<|im_start|>', %s}, '%d': {'content': '<|im_end|>', %s}}}"
            .formatted(startThere, SETTINGS, endThere, SETTINGS));
    assertThat(turn()).containsExactly(start, 'a', end);
  }

  @Test
  void takesTheOlderFileOfAddedTokens() throws IOException {
    write("added_tokens.json", "{'<|im_start|>': 257, '<|im_end|>': 258}");
    assertThat(turn()).containsExactly(257, 'a', 258);
  }

  @Test
  void takesFurtherSpecialTokensByAnyOfTheirNames() throws IOException {
    for (String list :
        new String[] {
          "'additional_special_tokens': ['<|im_start|>', '<|im_end|>']",
          "'extra_special_tokens': ['<|im_start|>', {'content': '<|im_end|>'}]",
          "'extra_special_tokens': {'im_start': '<|im_start|>', 'im_end': '<|im_end|>'}",
          "'image_token': '<|im_start|>', 'eot_token': '<|im_end|>'"
        }) {
      config("{" + list + "}");
      assertThat(turn()).as(list).containsExactly(257, 'a', 258);
    }
  }

  @Test
  void namedTokensComeBeforeFurtherOnes() throws IOException {
    write(
        "special_tokens_map.json",
        "{'additional_special_tokens': ['<|im_start|>', '<|im_end|>'], 'eos_token': '<|im_end|>'}");
    assertThat(turn()).containsExactly(258, 'a', 257);
    assertThat(eos()).isEqualTo(257);
  }

  @Test
  void theMapOfSpecialTokensCountsWhereTheConfigAddsNone() throws IOException {
    write("special_tokens_map.json", "{'eos_token': {'content': '<|im_end|>'}}");
    config("{'eos_token': '<|endoftext|>'}");
    assertThat(eos()).isEqualTo(257);

    config(
        "{'eos_token': '<|endoftext|>', 'added_tokens_decoder': {'256': {'content': '<|endoftext|>', 'special': true}}}");
    assertThat(eos()).isEqualTo(256);
  }

  @Test
  void anAddedTokenIsFoundWhereItStandsAlone() throws IOException {
    // Of the settings of the config, which take the place of those in tokenizer.json.
    config(
        "{'added_tokens_decoder': {'256': {'content': '<|endoftext|>', 'rstrip': true, 'special': true, 'normalized': false}}}");
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      assertThat(tokenizer.encode("a<|endoftext|>  b")).containsExactly('a', 256, 'b');
    }
  }

  @ParameterizedTest
  @CsvSource({
    // What both generations of transformers do.
    "LlamaTokenizer, true, true, 256",
    "LlamaTokenizerFast, false, false, ''",
    "LlamaTokenizer, , true, 256",
    "LlamaTokenizer, , false, ''",
    "GPTNeoXTokenizer, , true, ''",
    "GPTNeoXTokenizerFast, false, false, ''",
    // Classes that do not look at the key.
    "PreTrainedTokenizerFast, false, true, 256",
    "PreTrainedTokenizerFast, true, false, ''",
    "Qwen2Tokenizer, false, true, 256",
    "GPT2Tokenizer, true, false, ''",
  })
  void textsBeginAsWithTransformers(String type, Boolean flag, boolean processed, String expected)
      throws IOException {
    llama(type, flag, processed);
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      int[] document = tokenizer.encodeDocument("a");
      assertThat(document).hasSize(expected.isEmpty() ? 2 : 3).endsWith('a', 256);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LlamaTokenizer, true, false",
    "LlamaTokenizerFast, false, true",
    "GemmaTokenizer, false, true",
    "GPTNeoXTokenizer, true, true",
    ", true, false"
  })
  void whatBeginsATextIsRefusedWhereTransformersDisagree(
      String type, boolean flag, boolean processed) throws IOException {
    llama(type, flag, processed);
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      assertThat(tokenizer.encode("a")).containsExactly('a');
      assertThatThrownBy(() -> tokenizer.encodeDocument("a"))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(model.resolve("tokenizer_config.json") + ": ")
          .hasMessageContaining("\"add_bos_token\" is " + flag);
    }
  }

  private void llama(String type, Boolean flag, boolean processed) throws IOException {
    config(
        "{'bos_token': '<|endoftext|>', 'eos_token': '<|endoftext|>'"
            + (type == null ? "" : ", 'tokenizer_class': '" + type + "'")
            + (flag == null ? "" : ", 'add_bos_token': " + flag)
            + "}");
    if (processed) {
      Path file = model.resolve("tokenizer.json");
      String template =
          """
          "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<|endoftext|>":
              {"id": "<|endoftext|>", "ids": [256], "tokens": ["<|endoftext|>"]}}}""";
      Files.writeString(file, Files.readString(file).replace("\"post_processor\": null", template));
    }
  }

  private int[] turn() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      return tokenizer.encode("<|im_start|>a<|im_end|>");
    }
  }

  private int eos() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      return tokenizer.eosId();
    }
  }

  private void config(String json) throws IOException {
    write("tokenizer_config.json", json);
  }

  /** JSON with single quotes, which are easier to read here. */
  private void write(String name, String json) throws IOException {
    Files.writeString(model.resolve(name), json.replace('\'', '"'));
  }
}
