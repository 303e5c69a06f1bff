package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A file of a type that is not read is named once, by its bytes, whatever its name is. */
class ForeignFileTest {
  private static final String MAKE =
      "; rows are JSON, CSV, TSV, Parquet, Arrow or text, compressed or not; make them with ";
  private static final String OTHER =
      "; rows are JSON, CSV, TSV, Parquet, Arrow or text, compressed or not; name a file of them";
  private static final String PROSE =
      "plain text; rows are JSON, CSV, TSV, Parquet, Arrow or text, compressed or not; let its name"
          + " end with .txt if each line is a row";
  private static final String PANDAS =
      "\").to_json(\"ROWS.jsonl\", orient=\"records\", lines=True)";
  private static final String ROWS = " rows.jsonl > ROWS.jsonl";
  private static final String PACKED = " rows.jsonl | gzip > ROWS.jsonl.gz";
  private static final String ROW = "{\"text\": \"a\"}\n";

  @TempDir Path folder;

  /** As the programs write them that make such files; what follows their beginning is cut. */
  static Stream<Arguments> otherKinds() throws IOException {
    return Stream.of(
        bytes(
            "FEA1\0\0\0\0", "a Feather file", "pandas: pandas.read_feather(\"rows.jsonl" + PANDAS),
        bytes(
            "SQLite format 3\0\20\0\1\1\0",
            "an SQLite database",
            "sqlite3 -json rows.jsonl 'select * from TABLE' | jq -c '.[]' > ROWS.jsonl"),
        bytes("\u0080\4\u0095\13\0\0\0", "a Python pickle", "Python's pickle and json"),
        bytes(
            "data/a.jsonl" + "\0".repeat(245) + "ustar\0" + "00",
            "a tar archive",
            "tar -xf rows.jsonl"),
        bytes("\u0093NUMPY\1\0v\0{'descr'", "a NumPy array", "Python's numpy and json"),
        Arguments.of(zip("a.jsonl"), "a zip archive" + MAKE + "unzip -p" + PACKED),
        Arguments.of(
            zip("[Content_Types].xml"),
            "an Excel file" + MAKE + "pandas: pandas.read_excel(\"rows.jsonl" + PANDAS),
        Arguments.of(zip("archive/data.pkl"), "a PyTorch file, which holds weights" + OTHER),
        Arguments.of(safetensors(), "a safetensors file, which holds weights" + OTHER),
        Arguments.of(serialized(), "a binary file, not text" + OTHER),
        Arguments.of(
            new byte[] {0, 0, 0, '{', 127, 1, 1, 1, '\n'}, "a binary file, not text" + OTHER),
        text("\uFEFF" + ROW, "UTF-16LE", "text in UTF-16", "iconv -f UTF-16" + ROWS),
        text("\uFEFF" + ROW, "UTF-16BE", "text in UTF-16", "iconv -f UTF-16" + ROWS),
        text(ROW, "UTF-16LE", "text in UTF-16", "iconv -f UTF-16LE" + ROWS),
        text(ROW, "UTF-16BE", "text in UTF-16", "iconv -f UTF-16BE" + ROWS),
        text("\uFEFF" + ROW, "UTF-32LE", "text in UTF-32", "iconv -f UTF-32" + ROWS),
        text("\uFEFF" + ROW, "UTF-32BE", "text in UTF-32", "iconv -f UTF-32" + ROWS),
        text("- text: a\n- text: b\n", "YAML", "yq -o=json -I=0 '.[]'" + ROWS),
        text("---\ntext: a\n", "YAML", "yq -o=json -I=0 '.[]'" + ROWS),
        plain("Once upon a time, there was a king.\nHe was, all said, old.\n", PROSE),
        plain("Hello, world\n", PROSE),
        plain(
            "<!DOCTYPE html>\n<html>",
            "an HTML page, as a failed download leaves it; download it again"),
        plain("<?xml version=\"1.0\"?>\n", "an XML file" + OTHER),
        plain(
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
            "a Git LFS pointer, not the data itself; run git lfs pull"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("otherKinds")
  void isNamedOnce(byte[] bytes, String sentence) throws IOException {
    Path file = Files.write(folder.resolve("rows.jsonl"), bytes);
    String shown = sentence.replace("rows.jsonl", file.toString());
    assertThat(problemsOf(file)).containsExactly(file + ": this is " + shown);

    Path packed = Files.write(folder.resolve("rows.jsonl.gz"), gzip(bytes));
    String advice = shown.replace("make them with", "make them, after gunzip, with");
    assertThat(problemsOf(packed)).containsExactly(packed + ": this gzip file holds " + advice);
  }

  @Test
  void gzipIsReadWhateverItsNameIs() throws IOException {
    Path file =
        Files.write(folder.resolve("rows.jsonl"), gzip(("\uFEFF" + ROW + ROW).getBytes(UTF_8)));
    assertThat(rowsOf(file)).containsExactly(file + ":1", file + ":2");

    Path twice = Files.write(folder.resolve("rows.jsonl.gz"), gzip(gzip(ROW.getBytes(UTF_8))));
    assertThat(problemsOf(twice))
        .singleElement()
        .asString()
        .isEqualTo(twice + ": this gzip file holds another gzip file; decompress it once");
    Path empty = Files.write(folder.resolve("empty.jsonl.gz"), gzip(new byte[0]));
    assertThat(problemsOf(empty))
        .containsExactly(empty + ": this file has no rows, and needs one at least");
    Path plain = Files.writeString(folder.resolve("plain.jsonl.gz"), ROW);
    assertThat(problemsOf(plain))
        .containsExactly(
            plain + ": its name ends with .gz, but it is not compressed; take .gz off its name");
  }

  @Test
  void pathsInCommandsAreQuotedWhereAShellNeedsIt() throws IOException {
    Path file = Files.writeString(folder.resolve("my rows $1.yaml"), "- text: a\n");
    assertThat(problemsOf(file)).singleElement().asString().contains(" '.[]' '" + file + "' >");
  }

  /** What begins as rows do is read line by line, however wrong it is. */
  @Test
  void wrongRowsAreNoOtherKind() throws IOException {
    for (String rows :
        List.of(
            "{\"n\":\n{\"n\":2}\n",
            "{\"n\": \"a\n{\"n\":2}\n",
            "{'n': 1}\n",
            "[1]\n{\"n\":2}\n",
            "\"text\"\n{}\n",
            "nonsense\n{\"n\":2}\n",
            "{\"text\": \"" + "a".repeat(100_000) + "\n")) {
      Path file = Files.writeString(folder.resolve("rows.jsonl"), rows);
      assertThat(problemsOf(file).get(0)).startsWith(file + ":1:");
    }
  }

  private static List<String> rowsOf(Path file) throws IOException {
    List<String> places = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> places.add(row.place().toString()));
    problems.throwIfAny();
    return places;
  }

  private static List<String> problemsOf(Path file) {
    return catchThrowableOfType(InputException.class, () -> rowsOf(file)).problems().stream()
        .map(Object::toString)
        .toList();
  }

  private static Arguments bytes(String latin1, String name, String how) {
    return Arguments.of(latin1.getBytes(ISO_8859_1), name + MAKE + how);
  }

  private static Arguments text(String text, String charset, String name, String how) {
    return Arguments.of(text.getBytes(Charset.forName(charset)), name + MAKE + how);
  }

  private static Arguments text(String text, String name, String how) {
    return Arguments.of(text.getBytes(UTF_8), name + MAKE + how);
  }

  private static Arguments plain(String text, String sentence) {
    return Arguments.of(text.getBytes(UTF_8), sentence);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] zip(String entry) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(ROW.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  /** Its header of 123 bytes begins as UTF-16 does. */
  private static byte[] safetensors() {
    String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
    return ("{\0\0\0\0\0\0\0" + header + " ".repeat(123 - header.length()) + "\1")
        .getBytes(ISO_8859_1);
  }

  private static byte[] serialized() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(List.of(1, 2));
    }
    return bytes.toByteArray();
  }
}
