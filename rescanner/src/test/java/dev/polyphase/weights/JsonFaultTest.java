package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every way in which a text can be no JSON, and the sentence for it. */
class JsonFaultTest {
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  @TempDir Path folder;

  /** In the texts, ~ is a line feed and ^ a tab. */
  @ParameterizedTest(name = "[{index}] {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | 1:1: it is empty",
        "` ~ ` | 2:2: it is empty",
        "{\"a\": NaN} | 1:7: NaN is no JSON number; write a finite one, or null",
        "{\"a\": -Infinity} | 1:7: -Infinity is no JSON number; write a finite one, or null",
        "{~  // of Llama~  \"a\": 1} | 2:3: JSON has no comments; remove this one",
        "{\"a\": 1, # one~ \"b\": 2} | 1:10: JSON has no comments; remove this one",
        "{\"a\": 1 /* one */} | 1:9: JSON has no comments; remove this one",
        "{'a': 1} | 1:2: a name stands in single quotes; JSON has double ones",
        "{\"a\": 'b'} | 1:7: a text stands in single quotes; JSON has double ones",
        "{a: 1} | 1:2: a name in double quotes must stand here, not a",
        "{\"a\": b} | 1:7: b is no JSON value; a text stands in double quotes",
        "{\"a\": True} | 1:7: JSON has true, not True",
        "[None] | 1:2: JSON has null, not None",
        "{\"a\" 1} | 1:6: a colon is missing after the name \"a\"",
        "{\"a\" = 1} | 1:6: a colon is missing after the name \"a\"",
        "{\"a\": } | 1:7: the value of \"a\" is missing",
        "{\"a\": 1 \"b\": 2} | 1:9: a comma or } is missing before '\"'",
        "{\"a\": 1~\"b\": 2} | 2:1: a comma or } is missing before '\"'",
        "[1 2] | 1:4: a comma or ] is missing before 2",
        "[1, , 2] | 1:5: a value is missing before this comma",
        "{\"a\": 1,, \"b\": 2} | 1:9: a name is missing before this comma",
        "[1, 2,] | 1:6: nothing follows this comma; remove it",
        "{\"a\": 1,~} | 1:8: nothing follows this comma; remove it",
        "{\"a\": [1} | 1:9: this } closes the [ of line 1, column 7",
        "{\"a\": \"b} | 1:7: a text that begins here is never closed; the end is missing",
        "{\"a\": \"b~c\"} | 1:7: a text is not closed on its line; add the quote, or write \\n for a break",
        "{\"a\": \"b^c\"} | 1:9: the control character U+0009 stands in a text; write \\t",
        "{\"a\": \"\\d\"} | 1:8: a backslash before 'd' means nothing; write \\\\ for a backslash",
        "{\"a\": \"\\u12x4\"} | 1:8: \\u needs four hexadecimal digits behind it",
        "{\"a\": {~  \"b\": [1, 2 | 2:13: it ends before the [ of line 2, column 8 is closed",
        "{\"a\": 1~~ | 1:8: it ends before the { of line 1, column 1 is closed",
        "{\"a\": tr | 1:9: it ends before the { of line 1, column 1 is closed",
        "{\"a\" | 1:5: it ends before the { of line 1, column 1 is closed",
        "{} {} | 1:4: more follows behind its end, from '{' on",
        "{}} | 1:3: more follows behind its end, from '}' on",
        "{\"a\": 007} | 1:7: 007 is no JSON number; remove the zeros before it",
        "{\"a\": +1} | 1:7: +1 is no JSON number; remove the +",
        "{\"a\": .5} | 1:7: .5 is no JSON number; a digit is missing before the point",
        "{\"a\": 5.} | 1:7: 5. is no JSON number; a digit is missing after the point",
        "{\"a\": 0x1F} | 1:7: 0x1F is no JSON number",
        "{\"a\": 1e} | 1:7: 1e is no JSON number",
        "{\"a\": 1, \"ä\": 2, \"a\": 3} | 1:18: the name \"a\" stands twice in one object; remove one",
        "{\"😀\": x} | 1:7: x is no JSON value; a text stands in double quotes",
        "PAR1 | 1:1: PAR1 is no JSON value; a text stands in double quotes",
        "%PDF | 1:1: a value can't begin with '%'",
      })
  void isNamedWithItsPlace(String written, String expected) {
    String text = written.replace('~', '\n').replace('^', '\t');

    assertThatThrownBy(() -> parse(text)).isInstanceOf(JsonProcessingException.class);
    assertThat(described(JsonFault.in(text, STRICT.getFactory()))).isEqualTo(expected);
  }

  @Test
  void limitsAreThoseOfTheParser() {
    assertThat(described("[".repeat(1_500))).isEqualTo("1:1001: it is nested more than 1,000 deep");
    assertThat(described("[" + "1".repeat(1_500) + "]"))
        .isEqualTo("1:2: a number has more than 1,000 characters");
    assertThat(described("{\"" + "n".repeat(60_000) + "\": 1}"))
        .isEqualTo("1:2: a name has more than 50,000 characters");
    assertThat(described("[\"" + "t".repeat(20_000_001) + "\"]"))
        .isEqualTo("1:2: a text has more than 20,000,000 characters");
    assertThat(described("{\"" + "n".repeat(1_000) + "\" 1}"))
        .isEqualTo("1:1005: a colon is missing after the name \"" + "n".repeat(30) + "...\"");
  }

  @Test
  void bytesThatAreNoUtf8HaveTheirPlace() {
    byte[] latin = "{\n\"ä\": \"é\"}".getBytes(StandardCharsets.UTF_8);
    latin[9] = (byte) 0xe9;
    assertThat(described(JsonFault.in(latin, STRICT.getFactory())))
        .isEqualTo("2:7: the byte 0xE9 is not text in UTF-8; save the text in UTF-8");
    for (byte[] wide :
        List.of(
            "\uFEFF{}".getBytes(StandardCharsets.UTF_16BE),
            "\uFEFF{}".getBytes(StandardCharsets.UTF_16LE),
            "{}".getBytes(StandardCharsets.UTF_16LE),
            new byte[] {0, 0, 0, '{', 127, 1, 1, 1})) {
      assertThat(described(JsonFault.in(wide, STRICT.getFactory())))
          .isEqualTo("1:1: it is no text, or text in UTF-16; JSON is text in UTF-8");
    }
  }

  @Test
  void whatAParserAllowsIsNoFault() {
    JsonFactory python =
        JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

    assertThat(described(JsonFault.in("{\"a\": NaN, \"a\": Infinity, \"b\": x}", python)))
        .isEqualTo("1:32: x is no JSON value; a text stands in double quotes");
  }

  /** What the parser takes is no fault, and what it refuses is one that has a place. */
  @Test
  void agreesWithTheParserOnEveryDamage() throws IOException {
    String sound =
        "{\"a\": [1, -2.5e+3, true, {\"b\": null, \"\": \"x\\u00e4\\n\\\"\"}], \"c\": {}, \"d\": [[]]}\n";
    assertThatCode(() -> parse(sound)).doesNotThrowAnyException();
    Random random = new Random(7);
    List<String> unnamed = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      StringBuilder damaged = new StringBuilder(sound);
      for (int changes = random.nextInt(3); changes >= 0; changes--) {
        int at = random.nextInt(Math.max(1, damaged.length()));
        switch (random.nextInt(3)) {
          case 0 -> damaged.delete(at, at + 1);
          case 1 -> damaged.insert(at, "{}[],:\"\\ 0e.-tx'\n/".charAt(random.nextInt(18)));
          default -> damaged.setLength(Math.min(at + 1, damaged.length()));
        }
      }
      boolean taken;
      try {
        parse(damaged.toString());
        taken = true;
      } catch (JsonProcessingException e) {
        taken = false;
      }
      JsonFault fault = JsonFault.in(damaged.toString(), STRICT.getFactory());
      if (taken != (fault.line() == 0)) {
        unnamed.add(damaged + " -> " + described(fault));
      }
    }
    assertThat(unnamed).isEmpty();
  }

  @Test
  void filesAreReadWithTheirPlaceOrRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("config.json"), "\uFEFF{\"a\": 1}");
    assertThat(JsonFile.object(file).path("a").intValue()).isEqualTo(1);

    Files.writeString(file, "{\n  \"a\": yes\n}");
    assertThatThrownBy(() -> JsonFile.read(file))
        .isInstanceOf(InputException.class)
        .hasMessage(
            file + ":2:8: this is no JSON: yes is no JSON value; a text stands in double quotes");
    Files.writeString(file, "");
    assertThatThrownBy(() -> JsonFile.read(file))
        .hasMessage(file + ":1:1: this is no JSON: it is empty");
    Files.writeString(file, "[1]");
    assertThatThrownBy(() -> JsonFile.object(file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + ": this must be a JSON object, but is [1]");
    assertThatThrownBy(() -> JsonFile.read(folder))
        .isInstanceOf(InputException.class)
        .hasMessage(folder + ": this is a folder, and a file is needed");
  }

  private static void parse(String text) throws JsonProcessingException {
    if (STRICT.readTree(text).isMissingNode()) {
      throw new com.fasterxml.jackson.core.JsonParseException("empty");
    }
  }

  private static String described(String text) {
    return described(JsonFault.in(text, STRICT.getFactory()));
  }

  private static String described(JsonFault fault) {
    return fault.line() + ":" + fault.column() + ": " + fault.sentence();
  }
}
