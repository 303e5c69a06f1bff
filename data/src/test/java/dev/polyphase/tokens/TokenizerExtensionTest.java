package dev.polyphase.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.JsonEdit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tokens for a tokenizer with a token for each byte, and {@code <|endoftext|>}, {@code
 * <|im_start|>} and {@code <|im_end|>} from 256 on. The ids are those that the same tokens have
 * once they are added to it with transformers 4.57, 5.18 or 5.24 as Axolotl adds them.
 */
class TokenizerExtensionTest {
  private static final String TOKENS =
      """
      special_tokens:
        pad_token: <|pad|>
        eos_token: <|eot|>
        additional_special_tokens: [<|x|>, <|im_start|>]
      tokens: [<tool>, ' Hello', a, <|eot|>]
      """;

  @TempDir Path temp;
  private Path model;

  @BeforeEach
  void model() {
    model = Fixture.LLAMA.copyTo(temp);
  }

  @Test
  void newTokensGetTheNextIdsAndOthersKeepTheirs() throws IOException {
    TokenizerExtension extension = extend(TOKENS);

    assertThat(extension.from()).isEqualTo(259);
    assertThat(extension.to()).isEqualTo(264);
    assertThat(extension.named()).isEqualTo(Map.of("eos_token", 259, "pad_token", 260));
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      assertThat(tokenizer.encode("a<|eot|><|pad|><tool> Hello<|x|><|im_start|> Hell"))
          .containsExactly('a', 259, 260, 261, 262, 263, 257, ' ', 'H', 'e', 'l', 'l');
      assertThat(tokenizer.endOfText()).hasValue(259);
    }
    JsonNode config = json("tokenizer_config.json");
    assertThat(config.path("eos_token").asText()).isEqualTo("<|eot|>");
    assertThat(config.path("additional_special_tokens").toString())
        .isEqualTo("[\"<|x|>\",\"<|im_start|>\"]");
    assertThat(json("tokenizer.json").path("added_tokens"))
        .extracting(
            token -> token.path("id").asInt(),
            token -> token.path("content").asText(),
            token -> token.path("special").asBoolean())
        .contains(
            tuple(257, "<|im_start|>", true),
            tuple((int) 'a', "a", false),
            tuple(261, "<tool>", false),
            tuple(259, "<|eot|>", true));
  }

  @Test
  void whatIsThereAlreadyChangesNothing() throws IOException {
    extend(TOKENS);
    TokenizerExtension again = extend(TOKENS);
    assertThat(again.files()).isEmpty();
    assertThat(again.from()).isEqualTo(again.to()).isEqualTo(264);
    assertThat(again.named()).containsEntry("eos_token", 259);
  }

  @Test
  void everyFileThatNamesTokensNamesTheNewOnes() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"eos_token": "<|im_end|>", "x": 1e-05, "extra_special_tokens": ["<|im_start|>"],
         "added_tokens_decoder": {
           "258": {"content": "<|im_end|>", "special": true},
           "259": {"content": "<|early|>", "special": true}}}
        """);
    write("special_tokens_map.json", "{\"eos_token\": {\"content\": \"<|im_end|>\"}}");
    write("added_tokens.json", "{\"<|im_end|>\": 258}");

    TokenizerExtension extension =
        extend("special_tokens: {eos_token: <|eot|>, additional_special_tokens: [<|x|>]}");

    // The folder's own further token comes first, as for whoever opens it.
    assertThat(extension.named()).containsEntry("eos_token", 260);
    assertThat(extension.from()).isEqualTo(260);
    assertThat(extension.to()).isEqualTo(262);
    JsonNode config = json("tokenizer_config.json");
    assertThat(Files.readString(model.resolve("tokenizer_config.json"))).contains("\"x\": 1e-05,");
    assertThat(config.path("extra_special_tokens").toString())
        .isEqualTo("[\"<|im_start|>\",\"<|x|>\"]");
    assertThat(config.at("/added_tokens_decoder/260/content").asText()).isEqualTo("<|eot|>");
    assertThat(config.at("/added_tokens_decoder/261/special").asBoolean()).isTrue();
    assertThat(config.at("/added_tokens_decoder/259/content").asText()).isEqualTo("<|early|>");
    assertThat(json("special_tokens_map.json").path("eos_token").asText()).isEqualTo("<|eot|>");
    assertThat(json("added_tokens.json").path("<|x|>").asInt()).isEqualTo(261);
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      assertThat(tokenizer.encode("<|early|><|eot|><|x|>")).containsExactly(259, 260, 261);
    }
  }

  @Test
  void aTokenThatIsPutIntoEveryTextCannotLoseItsName() throws IOException {
    String json = Files.readString(model.resolve("tokenizer.json"));
    write(
        "tokenizer.json",
        json.replace(
            "\"post_processor\": null",
            """
            "post_processor": {"type": "TemplateProcessing",
              "single": [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
                         {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
              "special_tokens": {
                "<|im_end|>": {"id": "<|im_end|>", "ids": [258], "tokens": ["<|im_end|>"]},
                "<|endoftext|>": {"id": "<|endoftext|>", "ids": [256], "tokens": ["<|endoftext|>"]}}}"""));
    String config = Files.readString(model.resolve("tokenizer_config.json"));
    write(
        "tokenizer_config.json",
        config.replace("\"bos_token\": null", "\"bos_token\": \"<|endoftext|>\""));

    assertThatThrownBy(() -> extend("special_tokens: {bos_token: <|begin|>}"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            model.resolve("tokenizer.json")
                + ": the post-processor adds \"<|endoftext|>\", the bos_token so far, to every"
                + " text, and special_tokens.bos_token is \"<|begin|>\"; name the new token there"
                + " first, or leave the bos_token as it is");
    assertThat(extend("special_tokens: {eos_token: <|eot|>}").to()).isEqualTo(260);
  }

  @Test
  void aFolderWithoutATokenizerIsNamed() throws IOException {
    Files.delete(model.resolve("tokenizer.json"));
    assertThatThrownBy(() -> extend("tokens: [x]"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(model.resolve("tokenizer.json") + ": this file is missing");
  }

  /** The extension, which is then written into the folder. */
  private TokenizerExtension extend(String keys) throws IOException {
    Vocabulary vocabulary =
        PipelineReader.parse(
                keys.indent(0)
                    + """
                      name: x
                      base_model: x
                      phases:
                        - {name: x, type: sft, targeting: {method: full}, datasets: [{path: x}], learning_rate: 1}
                      """,
                "x",
                List.of())
            .vocabulary();
    TokenizerExtension extension = TokenizerExtension.of(model, vocabulary);
    for (Map.Entry<String, FileChange> file : extension.files().entrySet()) {
      Path path = model.resolve(file.getKey());
      String text =
          file.getValue() instanceof FileChange.Text whole
              ? whole.text()
              : ((JsonEdit) file.getValue()).apply(path);
      Files.writeString(path, text);
    }
    return extension;
  }

  private JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(model.resolve(file).toFile());
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(model.resolve(file), text);
  }
}
