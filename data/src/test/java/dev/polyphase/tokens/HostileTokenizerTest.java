package dev.polyphase.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.JsonRows;
import dev.polyphase.data.RowProblems;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizers and texts that the tokenizers library would end the process over. Each was given to it
 * as it is; here it must not come so far.
 */
class HostileTokenizerTest {
  private static final String LINES_AND_SPACES =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String CAPITALS =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        LINES_AND_SPACES,
        CAPITALS,
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lo}&&[^\\p{Han}]]*[\\p{Ll}\\p{Lo}&&[^\\p{Han}]]+(?i:'s)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lo}&&[^\\p{Han}]]+[\\p{Ll}\\p{Lo}&&[^\\p{Han}]]*(?i:'s)?|\\s+",
        " ?[^(\\s|[.,!?…。，、।۔،])]+",
        "<\\|startoftext\\|>|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
        "[一-龥぀-ゟ゠-ヿ]+",
        "\\p{N}{1,3}",
        "[0-9][0-9][0-9]",
        "\\s?\\p{P}+",
        " {2,}",
        "(?:\\r?\\n)+(?!\\r?\\n)|[\\r\\n]",
        "\\p{N}+|(?=(\\d{3})+(?!\\d))",
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
      })
  void takesPublishedPatterns(String pattern) throws IOException {
    write(tokenizer("pre_tokenizer", split(pattern)));
    String text = "Ab 12 " + " ".repeat(9_000) + "\r\n" + "B".repeat(9_000);

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode(text)).isNotEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a+)+$",
        "(a|a)*c",
        "(?:a?b?)*c",
        "a*a*b",
        "\\s*\\s*\\s*x",
        "(?=a*a*a*b)",
        "a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaab",
        "(a{1,50}){1,50}b",
        "(?:(?:a{1000}){1000}){1000}",
        "(a*)\\1b",
        "(?<x>a\\g<x>?b)",
        "(?~abc)",
        "(?:a{1,3}+)b",
        "(a",
        "[a",
        "a\\",
      })
  void refusesPatternsThatTryTooManyWays(String pattern) throws IOException {
    ObjectNode replace = type("Replace").put("content", "x");
    replace.putObject("pattern").put("Regex", pattern);

    write(tokenizer("pre_tokenizer", split(pattern)));
    refused("\"pre_tokenizer\"", pattern);
    write(tokenizer("normalizer", replace));
    refused("\"normalizer\"", pattern);
    write(tokenizer("decoder", replace));
    refused("\"decoder\"", pattern);
  }

  @Test
  void refusesPatternsThatNestTooDeeply() throws IOException {
    write(tokenizer("pre_tokenizer", split("(".repeat(3000) + "a" + ")".repeat(3000))));

    refused("\"pre_tokenizer\"", "nests too deeply");
  }

  @Test
  void refusesARowWithMoreWhiteSpaceThanCanBeMatched() throws IOException {
    write(tokenizer("pre_tokenizer", split(LINES_AND_SPACES)));
    Path rows = folder.resolve("rows.jsonl");
    String spaces = " ".repeat(12_000_000);
    Files.writeString(rows, "{\"text\": \"a\"}\n{\"text\": \"" + spaces + "a\"}\n");

    RowProblems problems = new RowProblems();
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      JsonRows.read(rows, problems, row -> tokenizer.encode(row.text("text")));
    }
    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(rows + ":2: ")
        .hasMessageContaining("250,000 characters of white space in a row");
  }

  @Test
  void takesLongTextsWithoutLongRuns() throws IOException {
    write(tokenizer("pre_tokenizer", split(LINES_AND_SPACES)));

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("a ".repeat(600_000))).hasSizeGreaterThan(600_000);
    }
  }

  @Test
  void boundsTheWholeTextWhereALoopTakesAnything() throws IOException {
    write(tokenizer("pre_tokenizer", split("[a ]*b")));

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThatThrownBy(() -> tokenizer.encode("a ".repeat(20_000)))
          .isInstanceOf(UnreadableTextException.class)
          .hasMessageContaining("40,000 characters");
    }
  }

  @Test
  void refusesWhatLengthensATextWithoutEnd() throws IOException {
    ObjectNode sequence = type("Sequence");
    for (int i = 0; i < 40; i++) {
      ObjectNode doubled = sequence.withArrayProperty("normalizers").addObject();
      doubled.put("type", "Replace").put("content", "aa").putObject("pattern").put("String", "a");
    }
    write(tokenizer("normalizer", sequence));

    refused("\"normalizer\"", "lengthens");
  }

  @Test
  void refusesTemplatesThatNameWhatIsNotThere() throws IOException {
    ObjectNode missing = type("TemplateProcessing");
    missing.withArrayProperty("single").addObject().putObject("SpecialToken").put("id", "<s>");
    missing.putObject("special_tokens");
    write(tokenizer("post_processor", missing));
    refused("\"post_processor\"", "'<s>'");

    ObjectNode second = type("TemplateProcessing");
    second.withArrayProperty("single").addObject().putObject("Sequence").put("id", "B");
    write(tokenizer("post_processor", second));
    refused("\"post_processor\"", "second text");
  }

  @Test
  void refusesMoreAddedTokensThanCanBeRead() throws IOException {
    ObjectNode file = tokenizer("decoder", null);
    for (int i = 0; i < 100_000; i++) {
      file.withArrayProperty("added_tokens").addObject().put("id", 3 + i).put("content", "<" + i);
    }
    write(file);

    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("100,000 tokens are added");
  }

  /** The library puts what stands for it before the first character of a text, and fails there. */
  @ParameterizedTest
  @ValueSource(strings = {"", "x*", "^", "\\b", "(?=a)", "(?<!b)", "|a", "(a?)", "a{0,2}", "(?i)"})
  void refusesToReplaceNothing(String pattern) throws IOException {
    ObjectNode replace = type("Replace").put("content", "x");
    replace.putObject("pattern").put("Regex", pattern);
    write(tokenizer("normalizer", replace));
    refused("\"normalizer\"", "no characters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x+", "^ ", " {2,}", "(?=a).", "\\s", "(a|b)?c", "[a]"})
  void replacesWhatHasCharacters(String pattern) throws IOException {
    ObjectNode replace = type("Replace").put("content", "a");
    replace.putObject("pattern").put("Regex", pattern);
    write(tokenizer("normalizer", replace));
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("a  xx")).isNotEmpty();
    }
  }

  @Test
  void refusesTextsWithoutCharactersForOthers() throws IOException {
    ObjectNode replace = type("Replace").put("content", "x");
    replace.putObject("pattern").put("String", "");
    write(tokenizer("normalizer", replace));
    refused("\"normalizer\"", "no characters");
    write(tokenizer("normalizer", type("Prepend").put("prepend", "")));
    refused("\"normalizer\"", "without characters");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e999", "-1e999", "1e400000000", "[{\"a\": 1e999}]"})
  void refusesNumbersOutOfRange(String number) throws IOException {
    write(tokenizer("decoder", type("ByteLevel").put("x", "@")));
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file).replace("\"@\"", number));
    refused("\"decoder\"", "a number that is out of range");
  }

  @Test
  void refusesHalfACharacter() throws IOException {
    write(tokenizer("decoder", type("ByteLevel").put("x", "@")));
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file).replace("\"@\"", "\"\\ud800\""));
    refused("\"decoder\"", "half a character");
  }

  @Test
  void refusesPiecesWithoutLength() throws IOException {
    write(tokenizer("pre_tokenizer", type("FixedLength").put("length", 0)));

    refused("\"pre_tokenizer\"", "length 0");
  }

  @Test
  void refusesPrefixesThatMergesLack() throws IOException {
    ObjectNode file = tokenizer("model", type("BPE").put("continuing_subword_prefix", "##"));
    file.withObjectProperty("model").putObject("vocab").put("a", 0).put("b", 1).put("ab", 2);
    file.withObjectProperty("model").putArray("merges").add("a b");
    write(file);

    refused("\"model\"", "'##'");
  }

  @Test
  void refusesIdsThatNoVocabularyHas() throws IOException {
    ObjectNode file = tokenizer("decoder", null);
    file.withObjectProperty("model").withObjectProperty("vocab").put("z", 4294967295L);
    write(file);

    refused("\"model\"", "4294967295");
  }

  @Test
  void namesTheFileThatHasNoTokenForWhatItDoesNotKnow() throws IOException {
    ObjectNode file = tokenizer("decoder", null);
    file.withObjectProperty("model").put("unk_token", "<none>");
    write(file);

    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThatThrownBy(() -> tokenizer.encode("unheard"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("unk_token");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "AQ", "ZAAAAA==", "AwAAAGFiYw==", "AAAAAGFiYw==", "***"})
  void refusesDamagedCharsmaps(String charsmap) throws IOException {
    write(tokenizer("normalizer", type("Precompiled").put("precompiled_charsmap", charsmap)));

    refused("\"normalizer\"", "damaged");
  }

  /** A table that replaces a by ü, and what becomes of it where its numbers are wrong. */
  @Test
  void readsEveryWayThroughACharsmap() throws IOException {
    write(tokenizer("normalizer", charsmap(0, 512)));
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("a")).containsExactly(2);
    }
    write(tokenizer("normalizer", charsmap(1, 512)));
    refused("\"normalizer\"", "damaged");
    write(tokenizer("normalizer", charsmap(99_999, 512)));
    refused("\"normalizer\"", "damaged");
    write(tokenizer("normalizer", charsmap(0, 1 << 20)));
    refused("\"normalizer\"", "damaged");
  }

  private static ObjectNode charsmap(int text, int leaf) {
    int base = 256;
    int child = base ^ 'a';
    int[] units = new int[1024];
    units[0] = base << 10;
    units[child] = 'a' | 1 << 8 | (leaf ^ child) << 10;
    units[512] = 1 << 31 | text;
    byte[] texts = "ü\0".getBytes(StandardCharsets.UTF_8);
    ByteBuffer table =
        ByteBuffer.allocate(4 + 4 * units.length + texts.length).order(ByteOrder.LITTLE_ENDIAN);
    table.putInt(4 * units.length);
    table.asIntBuffer().put(units);
    table.position(4 + 4 * units.length).put(texts);
    return type("Precompiled")
        .put("precompiled_charsmap", Base64.getEncoder().encodeToString(table.array()));
  }

  private void refused(String part, String what) {
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve(Tokenizer.FILE) + ": " + part)
        .hasMessageContaining(what);
  }

  private static ObjectNode type(String type) {
    return JsonNodeFactory.instance.objectNode().put("type", type);
  }

  private static ObjectNode split(String pattern) {
    ObjectNode split = type("Split").put("behavior", "Isolated").put("invert", false);
    split.putObject("pattern").put("Regex", pattern);
    return split;
  }

  /** A tokenizer of whole words, with one part. */
  private static ObjectNode tokenizer(String part, ObjectNode value) {
    ObjectNode file = JsonNodeFactory.instance.objectNode().put("version", "1.0");
    file.putArray("added_tokens");
    ObjectNode model = file.putObject("model").put("type", "WordLevel").put("unk_token", "[UNK]");
    model.putObject("vocab").put("a", 0).put("[UNK]", 1).put("ü", 2);
    file.set(part, value);
    return file;
  }

  private void write(ObjectNode file) throws IOException {
    Files.writeString(folder.resolve(Tokenizer.FILE), new JsonMapper().writeValueAsString(file));
  }
}
