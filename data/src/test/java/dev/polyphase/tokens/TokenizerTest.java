package dev.polyphase.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fixtures' tokenizer has one token a byte, with the byte's value as its id. */
class TokenizerTest {
  private static final int END_OF_TEXT = 256;
  private static final int IM_START = 257;
  private static final int IM_END = 258;

  @TempDir Path temp;

  @ParameterizedTest
  @ValueSource(strings = {"", "Hello", "Grüße, 世界 😀\n\ttab  two", "a\0b"})
  void encodesEveryByte(String text) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(fixture())) {
      assertThat(tokenizer.encode(text)).containsExactly(bytesOf(text));
    }
  }

  @Test
  void knowsSpecialTokensInText() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(fixture())) {
      assertThat(tokenizer.encode("<|im_start|>a<|im_end|>b"))
          .containsExactly(IM_START, 'a', IM_END, 'b');
    }
  }

  @Test
  void neverTruncatesNorPads() throws IOException {
    Path folder = fixture();
    edit(
        folder,
        "tokenizer.json",
        "\"truncation\": null, \"padding\": null",
        """
        "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null,
          "pad_id": 256, "pad_type_id": 0, "pad_token": "<|endoftext|>"}""");
    String text = "seven ha".repeat(1000);

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode(text)).containsExactly(bytesOf(text));
      assertThat(tokenizer.encode("ab")).containsExactly('a', 'b');
    }
  }

  @Test
  void endsDocumentsOnce() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(fixture())) {
      assertThat(tokenizer.eosId()).isEqualTo(IM_END);
      assertThat(tokenizer.encodeDocument("")).containsExactly(IM_END);
      assertThat(tokenizer.encodeDocument("ab")).containsExactly('a', 'b', IM_END);
      assertThat(tokenizer.encodeDocument("ab<|im_end|>")).containsExactly('a', 'b', IM_END);
    }
  }

  @Test
  void beginsTextsAsThePostProcessorDoes() throws IOException {
    Path folder = wordTokenizer();

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("red fish")).containsExactly(3, 4);
      // The template also ends with </s>; the document has it once.
      assertThat(tokenizer.encodeDocument("red fish")).containsExactly(1, 3, 4, 2);
      assertThat(tokenizer.encodeDocument("")).containsExactly(1, 2);
      assertThat(tokenizer.encodeDocument("<s>red</s>")).containsExactly(1, 3, 2);
      PromptCompletion turn = tokenizer.encode("red ", "blue fish");
      assertThat(turn.prompt()).containsExactly(1, 3);
      assertThat(turn.completion()).containsExactly(5, 4, 2);
    }
  }

  @Test
  void aTokenMayBothBeginAndEndATextAsInGpt2() throws IOException {
    Path folder = wordTokenizer();
    write(folder, "tokenizer_config.json", "{\"eos_token\": \"<s>\"}");

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encodeDocument("")).containsExactly(1, 1);
      assertThat(tokenizer.encodeDocument("red")).containsExactly(1, 3, 1);
    }
  }

  @Test
  void tokenisesACompletionAsItFollowsItsPrompt() throws IOException {
    Path folder = fixture();
    // With this prefix a text on its own begins with a space, which a completion must not have.
    edit(
        folder,
        "tokenizer.json",
        "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false",
        "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": true");

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("A")).containsExactly(' ', 'A');
      PromptCompletion turn = tokenizer.encode("Q:", "A");
      assertThat(turn.prompt()).containsExactly(' ', 'Q', ':');
      assertThat(turn.completion()).containsExactly('A', IM_END);
    }
  }

  @Test
  void tokenisesPromptAndCompletionApartWhereATokenSpansTheSeam() throws IOException {
    Path folder = fixture();
    // In the place of a byte: the ids of added tokens go on where those of the vocabulary end.
    edit(folder, "tokenizer.json", "\"ÿ\": 255", "\"ab\": 255");
    edit(folder, "tokenizer.json", "\"merges\": []", "\"merges\": [[\"a\", \"b\"]]");

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("abc")).containsExactly(255, 'c');
      PromptCompletion turn = tokenizer.encode("a", "bc");
      assertThat(turn.prompt()).containsExactly('a');
      assertThat(turn.completion()).containsExactly('b', 'c', IM_END);
    }
  }

  @Test
  void readsTheEndOfSequenceTokenWhereverItIsNamed() throws IOException {
    Path folder = fixture();
    write(
        folder,
        "tokenizer_config.json",
        "{\"eos_token\": {\"content\": \"<|im_start|>\", \"lstrip\": false}, \"model_max_length\": 1e30}");
    assertThat(eosIn(folder)).isEqualTo(IM_START);

    write(folder, "tokenizer_config.json", "{\"eos_token\": null}");
    write(folder, "generation_config.json", "{\"eos_token_id\": [256, 258]}");
    assertThat(eosIn(folder)).isEqualTo(END_OF_TEXT);

    Files.delete(folder.resolve("tokenizer_config.json"));
    Files.delete(folder.resolve("generation_config.json"));
    assertThat(eosIn(folder)).isEqualTo(IM_END);
  }

  @Test
  void findsTheEndOfSequenceTokenAlsoInAPlainVocabulary() throws IOException {
    Path folder = fixture();
    write(folder, "tokenizer_config.json", "{\"eos_token\": \"~\"}");
    assertThat(eosIn(folder)).isEqualTo('~');

    write(
        folder,
        "tokenizer.json",
        """
        {"version": "1.0", "added_tokens": [], "pre_tokenizer": null, "post_processor": null,
         "normalizer": null, "decoder": null, "truncation": null, "padding": null,
         "model": {"type": "Unigram", "unk_id": 0,
                   "vocab": [["<unk>", 0.0], ["a", -1.5], ["~", -2.0]]}}
        """);
    assertThat(eosIn(folder)).isEqualTo(2);
  }

  @Test
  void aModelWithoutEndOfSequenceTokenIsRefusedOnlyWhereItIsNeeded() throws IOException {
    Path folder = fixture();
    for (String file : new String[] {"tokenizer_config", "generation_config", "config"}) {
      write(folder, file + ".json", "{}");
    }

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("ab")).containsExactly('a', 'b');
      assertThatThrownBy(() -> tokenizer.encodeDocument("ab"))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(folder.resolve("tokenizer_config.json") + ": ")
          .hasMessageContaining("end-of-sequence");
    }
  }

  @Test
  void refusesWhatIsMalformed() throws IOException {
    refused("tokenizer.json", "{\"version\": \"1.0\", \"added_", "tokenizer.json:1:");
    refused("tokenizer.json", "[1]", "tokenizer.json: ");
    refused("tokenizer_config.json", "{\"eos_token\":\n oops}", "tokenizer_config.json:2:");
    refused("tokenizer_config.json", "[]", "tokenizer_config.json: ");
    refused("tokenizer_config.json", "{\"eos_token\": 7}", "\"eos_token\" must be", "found 7");
    refused("tokenizer_config.json", "{\"eos_token\": \"\"}", "lacks \"\"");
    refused("tokenizer_config.json", "{\"added_tokens_decoder\": {\"7\": 3}}", "must hold objects");
    refused("special_tokens_map.json", "{\"bos_token\": 3}", "map.json: \"bos_token\" must be");
    refused("added_tokens.json", "{\"<x>\": \"seven\"}", "whole number, found \"seven\"");
  }

  @Test
  void refusesATokenizerThatTheLibraryCanNotRead() throws IOException {
    Path folder = fixture();
    edit(folder, "tokenizer.json", "\"type\": \"BPE\"", "\"type\": \"Runes\"");
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve("tokenizer.json") + ": ");
  }

  @Test
  void isMissedOnlyWhenATextNeedsIt() throws IOException {
    try (LazyTokenizer tokenizer = new LazyTokenizer(temp)) {
      assertThatThrownBy(tokenizer::get)
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(temp.resolve("tokenizer.json") + ": ")
          .hasMessageContaining("missing");
    }
  }

  /** As SentencePiece, Mistral, GPT-2 and BERT have it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tokenizer.model | FOLDER | , which may want the packages sentencepiece and tiktoken",
        "tekken.json | FOLDER, mistral_format=False | ''",
        "vocab.json | FOLDER | ''",
        "vocab.txt | FOLDER | ''",
      })
  void aVocabularyOfAnotherFormatIsNamed(String file, String read, String packages)
      throws IOException {
    Files.createFile(temp.resolve(file));
    assertThatThrownBy(() -> Tokenizer.open(temp))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s: this file is missing and rows of text need it; %s beside it is of another format,"
                + " so save it as one with transformers:"
                + " AutoTokenizer.from_pretrained(%s).save_pretrained(FOLDER)%s,"
                + " or give pre-tokenised rows",
            temp.resolve("tokenizer.json"), file, read, packages);
  }

  /** As Mistral published it, and transformers reads tekken.json first. */
  @Test
  void ofTwoOtherFormatsMistralsOwnIsNamed() throws IOException {
    Files.createFile(temp.resolve("tokenizer.model"));
    Files.createFile(temp.resolve("tekken.json"));
    assertThat(Tokenizer.remedyWithout(temp)).startsWith("tekken.json beside it ");
  }

  private void refused(String file, String content, String... sentence) throws IOException {
    Path folder = Fixture.LLAMA.copyTo(Files.createTempDirectory(temp, "model"));
    write(folder, file, content);
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(sentence);
  }

  private static int eosIn(Path folder) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      return tokenizer.eosId();
    }
  }

  private Path fixture() {
    return Fixture.LLAMA.copyTo(temp);
  }

  /** Whole words, with a post-processor that puts {@code <s>} in front and {@code </s>} behind. */
  private Path wordTokenizer() throws IOException {
    write(
        temp,
        "tokenizer.json",
        """
        {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "decoder": null,
         "added_tokens": [
           {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true},
           {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
         "pre_tokenizer": {"type": "Whitespace"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                      {"Sequence": {"id": "A", "type_id": 0}},
                      {"SpecialToken": {"id": "</s>", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                              "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}},
         "model": {"type": "WordLevel", "unk_token": "a",
           "vocab": {"a": 0, "<s>": 1, "</s>": 2, "red": 3, "fish": 4, "blue": 5}}}
        """);
    write(temp, "tokenizer_config.json", "{\"eos_token\": \"</s>\"}");
    return temp;
  }

  private static void edit(Path folder, String file, String old, String replacement)
      throws IOException {
    String content = Files.readString(folder.resolve(file));
    assertThat(content).contains(old);
    write(folder, file, content.replace(old, replacement));
  }

  private static void write(Path folder, String file, String content) throws IOException {
    Files.writeString(folder.resolve(file), content);
  }

  private static int[] bytesOf(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Byte.toUnsignedInt(bytes[i]);
    }
    return ids;
  }
}
