package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonRowsTest {
  @TempDir Path temp;

  @Test
  void readsRowsWithTheirLines() throws IOException {
    Path file = write("rows.jsonl", "\uFEFF{\"n\":1}\r\n\n  \t\n{\"n\":2}\n{\"n\":\"Grüße 😀\"}");
    assertThat(rowsOf(file))
        .containsExactly(
            file + ":1 {\"n\":1}", file + ":4 {\"n\":2}", file + ":5 {\"n\":\"Grüße 😀\"}");
  }

  @Test
  void readsCompressedRows() throws IOException {
    Path file = temp.resolve("rows.jsonl.gz");
    Files.write(file, gzip("{\"n\":1}\n{\"n\":2}\n"));
    assertThat(rowsOf(file)).containsExactly(file + ":1 {\"n\":1}", file + ":2 {\"n\":2}");
  }

  @Test
  void readsRowsLongerThanJacksonAllowsByDefault() throws IOException {
    String text = "x".repeat(20_000_001);
    Path file = write("long.jsonl", "{\"text\":\"" + text + "\"}\n");
    List<Integer> lengths = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> lengths.add(row.text("text").length()));
    problems.throwIfAny();
    assertThat(lengths).containsExactly(20_000_001);
  }

  @Test
  void namesEveryRowThatIsNoObject() throws IOException {
    Path file =
        write(
            "bad.jsonl",
            "{\"n\":1}\n{\"n\":\nnonsense\n[1]\n\"text\"\n7\nnull\n{} {}\n{\"a\":1,\"a\":2}\n{\"n\":2}\n");
    List<Problem> problems = problemsOf(file);
    assertThat(problems).extracting(p -> p.place().line()).containsExactly(2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(problems).extracting(p -> p.place().file()).containsOnly(file.toString());
    assertThat(problems.get(0))
        .hasToString(
            file + ":2:6: this row is no JSON: it ends before the { at column 1 is closed");
    assertThat(problems.get(1))
        .hasToString(
            file
                + ":3:1: this row is no JSON: nonsense is no JSON value; a text stands in double"
                + " quotes");
    assertThat(problems.get(2).sentence()).endsWith("found a list");
    assertThat(problems.get(4).sentence()).endsWith("found the number 7");
    assertThat(problems.get(6).sentence()).endsWith("found an object and more after it");
    assertThat(problems.get(7).sentence())
        .isEqualTo("this row is no JSON: the name \"a\" stands twice in one object; remove one");
    assertThat(problems).noneMatch(p -> p.sentence().contains("jackson"));
  }

  @Test
  void stopsAfterTwentyBadRows() throws IOException {
    Path file = write("bad.jsonl", "{}\n" + "{prompt: completion}\n".repeat(1000));
    List<Problem> problems = problemsOf(file);
    assertThat(problems).hasSize(21);
    assertThat(problems.get(19).place().line()).isEqualTo(21);
    assertThat(problems.get(20).sentence()).contains("stopped after 20");
  }

  @Test
  void refusesFilesWithoutRows() throws IOException {
    for (String content : List.of("", "\n", "  \n\r\n")) {
      Path file = write("empty.jsonl", content);
      assertThat(problemsOf(file))
          .singleElement()
          .hasToString(file + ": this file has no rows, and needs one at least");
    }
  }

  @Test
  void refusesAFileThatDoesNotExist() {
    Path file = temp.resolve("none.jsonl");
    assertThat(problemsOf(file)).singleElement().hasToString(file + ": there is no such file");
    assertThat(problemsOf(temp))
        .singleElement()
        .hasToString(temp + ": this is a folder, and a file is needed");
  }

  @Test
  void refusesBytesThatAreNoUtf8() throws IOException {
    Path file = temp.resolve("latin1.jsonl");
    Files.write(file, new byte[] {'{', '"', 'n', '"', ':', '"', (byte) 0xFC, '"', '}', '\n'});
    assertThat(problemsOf(file))
        .singleElement()
        .asString()
        .isEqualTo(
            file
                + ":1:7: this row is no JSON: the byte 0xFC is not text in UTF-8; save the text in"
                + " UTF-8");
  }

  @Test
  void refusesCompressedFilesThatAreNotWhole() throws IOException {
    byte[] whole = gzip("{\"n\":1}\n".repeat(1000));
    Path cut = temp.resolve("cut.jsonl.gz");
    Files.write(cut, Arrays.copyOf(whole, whole.length - 10));
    assertThat(problemsOf(cut))
        .singleElement()
        .hasToString(
            cut + ": this gzip file ends too early; it was cut off, so copy or compress it anew");

    byte[] random = new byte[200_000];
    new Random(3).nextBytes(random);
    whole = gzip(("{\"n\":\"" + HexFormat.of().formatHex(random) + "\"}\n").repeat(2));
    whole[whole.length / 2] ^= 1;
    Files.write(cut, whole);
    assertThat(problemsOf(cut))
        .last()
        .asString()
        .matches(
            Pattern.quote(cut.toString())
                + "(:\\d)?: this gzip file (is damaged here|ends too early); .*");
  }

  @Test
  void refusesHalfACharacter() throws IOException {
    Path file = write("half.jsonl", "{\"text\":\"a\\ud83d\"}\n{\"text\":\"\\ud83d\\ude00\"}\n");
    List<String> texts = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> texts.add(row.text("text")));
    assertThat(texts).containsExactly("😀");
    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + ":1: ")
        .hasMessageContaining("\\ud83d at index 1");
  }

  private static List<String> rowsOf(Path file) throws IOException {
    List<String> rows = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> rows.add(row.place() + " " + row.fields()));
    problems.throwIfAny();
    return rows;
  }

  private static List<Problem> problemsOf(Path file) {
    return catchThrowableOfType(InputException.class, () -> rowsOf(file)).problems();
  }

  private static byte[] gzip(String content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(temp.resolve(name), content);
  }
}
