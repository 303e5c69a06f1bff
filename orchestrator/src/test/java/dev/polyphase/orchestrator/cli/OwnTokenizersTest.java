package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokenizers that come with the project, as Hugging Face's library reads them. */
class OwnTokenizersTest {
  private static final Path PIPELINES =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines");
  private static final Path BYTES = PIPELINES.resolve("recipes/byte-level-tokenizer");
  private static final Path QUICKSTART = PIPELINES.resolve("quickstart/tokenizer");

  @ParameterizedTest
  @ValueSource(strings = {"recipes/byte-level-tokenizer", "quickstart/tokenizer"})
  void everyTextComesBack(String folder) throws IOException {
    Map<String, String> options = Map.of("addSpecialTokens", "false");
    try (HuggingFaceTokenizer tokenizer =
        HuggingFaceTokenizer.newInstance(
            PIPELINES.resolve(folder).resolve("tokenizer.json"), options)) {
      for (String text :
          List.of(
              "Die schöne Tasse steht draußen; Äpfel, Öl und Übermut.",
              "1234567890 - 17 = 3",
              "{\"name\": \"add\", \"arguments\": {\"a\": 1}}",
              "  two  spaces,\n\ttab\r\n",
              "日本語 und \uD83D\uDE00")) {
        assertThat(tokenizer.decode(tokenizer.encode(text).getIds(), false)).isEqualTo(text);
      }
    }
  }

  @Test
  void withoutMergesATokenIsAByteAndTheSpecialTokensFollow() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(BYTES)) {
      byte[] bytes = "Grüße 42\n\0".getBytes(StandardCharsets.UTF_8);
      int[] values = new int[bytes.length];
      Arrays.setAll(values, i -> bytes[i] & 0xff);
      assertThat(tokenizer.encode("Grüße 42\n\0")).isEqualTo(values);
      assertThat(tokenizer.encode("<|endoftext|><|im_start|><|im_end|>"))
          .containsExactly(256, 257, 258);
      assertThat(tokenizer.eosId()).isEqualTo(258);
    }
  }

  @Test
  void withMergesWordsAreTokensAndDigitsStandAlone() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(QUICKSTART)) {
      assertThat(tokenizer.encode(" Brücke")).hasSize(1);
      assertThat(tokenizer.encode("2026")).containsExactly('2', '0', '2', '6');
      assertThat(tokenizer.encode("<|endoftext|><|im_start|><|im_end|>"))
          .containsExactly(1021, 1022, 1023);
      assertThat(tokenizer.eosId()).isEqualTo(1023);
    }
  }
}
