package dev.polyphase.data;

import static dev.polyphase.data.RowFiles.fields;
import static dev.polyphase.data.RowFiles.made;
import static dev.polyphase.data.RowFiles.problems;
import static dev.polyphase.data.RowFiles.rows;
import static dev.polyphase.data.RowFiles.utf8;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Files of every type that is read, from their rows with their places to their damages. */
class RowFileTest {
  @TempDir Path folder;

  // JSON.

  @Test
  void aListIsCutIntoItsRowsAtTheirLines() throws IOException {
    String row = "{\"text\": \"a ] } \\\" \\\\\", \"n\": [[1], {\"x\": \"[\"}]}";
    Path file =
        write("a.json", "\uFEFF[\n  " + row + ",\r\n  {\n    \"n\": 2\n  }\n,\n\n{\"n\":3}]\n");
    assertThat(rows(file))
        .containsExactly(
            ":2 {\"text\":\"a ] } \\\" \\\\\",\"n\":[[1],{\"x\":\"[\"}]}",
            ":3 {\"n\":2}",
            ":8 {\"n\":3}");
  }

  @Test
  void rowsOfAListOnOneLineAreToldApartByTheirColumns() throws IOException {
    Path file = write("a.jsonl", "[{\"t\":\"ü\"}, {\"t\":2},{\"t\":3}]");
    assertThat(rows(file))
        .containsExactly(":1:2 {\"t\":\"ü\"}", ":1:13 {\"t\":2}", ":1:21 {\"t\":3}");
  }

  @Test
  void objectsOverSeveralLinesFollowEachOther() throws IOException {
    Path file = write("a.json", "{\n \"n\": 1\n}\n{\n \"n\": 2\n}{\"n\": 3}\n");
    assertThat(rows(file)).containsExactly(":1 {\"n\":1}", ":4 {\"n\":2}", ":6:2 {\"n\":3}");
  }

  @Test
  void aListInAnObjectIsOneOfRows() throws IOException {
    Path file =
        write(
            "a.json", "{\n\"data\": [\n{\"n\": 1},\n{\"n\": 2}\n],\n\"version\": {\"of\": [1]}}\n");
    assertThat(rows(file)).containsExactly(":3 {\"n\":1}", ":4 {\"n\":2}");
    assertThat(rows(write("b.json", "{\"rows\":[{\"n\":1},{\"n\":2}],\"version\":\"1\"}")))
        .containsExactly(":1:10 {\"n\":1}", ":1:18 {\"n\":2}");
    // Of lines, each is a row.
    assertThat(rows(write("c.jsonl", "{\"data\":[{\"n\":1}]}\n{\"data\":[]}\n")))
        .containsExactly(":1 {\"data\":[{\"n\":1}]}", ":2 {\"data\":[]}");
  }

  @Test
  void numbersThatPythonWritesAreRead() throws IOException {
    Path file = write("a.jsonl", "{\"x\": NaN, \"y\": Infinity, \"z\": -Infinity}\n");
    assertThat(fields(file).get(0).path("x").doubleValue()).isNaN();
    assertThat(fields(file).get(0).path("z").doubleValue()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(rows(write("b.json", "[{\"x\": NaN},\n{\"x\": 1}]"))).hasSize(2);
  }

  @Test
  void largeRowsGoThroughSmallBuffers() throws IOException {
    String text = "a\\\"ü]".repeat(200_000);
    Path lines = write("a.jsonl", "{\"t\":\"%s\"}\r\n{\"n\":1}\n".formatted(text));
    Path list = write("b.json", "[{\"t\":\"%s\"},\n{\"n\":1}]".formatted(text));
    String value = text.replace("\\\"", "\"");
    for (Path file : List.of(lines, list)) {
      List<JsonNode> rows = fields(file);
      assertThat(rows).hasSize(2);
      assertThat(rows.get(0).path("t").textValue()).isEqualTo(value);
    }
    Path table = write("c.csv", "t,n\n\"%s\",1\n2,3\n".formatted("a\"\"ü\n".repeat(200_000)));
    assertThat(fields(table).get(0).path("t").textValue()).isEqualTo("a\"ü\n".repeat(200_000));
    assertThat(rows(table).get(1)).startsWith(":200003 ");
  }

  @Test
  void whatIsWrongInARowOfAListHasItsPlace() throws IOException {
    Path file =
        write(
            "a.json",
            "[\n  {\"a\": 1},\n  {\n    \"b\": nonsense\n  },\n  7,\n  {\"a\": 1, \"a\": 2}\n]");
    assertThat(problems(file))
        .containsExactly(
            ":4:10: this row is no JSON: nonsense is no JSON value; a text stands in double quotes",
            ":6: a row must be a JSON object, found the number 7",
            ":7:12: this row is no JSON: the name \"a\" stands twice in one object; remove one");
    Path line = write("b.json", "[{\"a\": \"ü\"}, {\"a\": nonsense}]");
    assertThat(problems(line))
        .singleElement()
        .asString()
        .startsWith(":1:20: this row is no JSON: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[\\n{'n':1},\\n{'n'|:3: the file ends before the row that begins here is closed; it was cut off, so copy it anew, or a bracket or quote is missing",
        "[\\n{'n':1},\\n{'n':2}\\n|:4: the file ends before this list is closed; it was cut off, so copy it anew",
        "[\\n{'n':1},\\n|:3: the file ends before this list is closed; it was cut off, so copy it anew",
        "[\\n{'n':1}\\n{'n':2}]|:3:1: a comma is missing before what begins here; mend the list",
        "[{'n':1},,{'n':2}]|:1:10: a row is missing before this comma; mend the list",
        "[{'n':1},]|:1:10: nothing follows the comma before this ]; remove it",
        "[{'n':1}]\\n[{'n':2}]\\n]|:1: a row must be a JSON object, found a list",
        "[\\n{'n':1}]\\n{'n':2}|:3:1: more follows behind the end of the list; write rows in one list, or one a line",
        "{\\n'n':1\\n}\\n{\\n'n':|:4: the file ends before the object that begins here is closed; it was cut off, so copy it anew, or a bracket or quote is missing",
        "{'data': [\\n{'n':1}]\\n|:3: the file ends before the object around this list is closed; it was cut off, so copy it anew",
      })
  void brokenListsAreSaidByTheirPlace(String text, String problem) throws IOException {
    Path file = write("a.json", text.replace("\\n", "\n").replace('\'', '"'));
    assertThat(problems(file).get(0)).isEqualTo(problem);
  }

  // Text.

  @Test
  void eachLineOfATextIsARow() throws IOException {
    Path file = write("a.txt", "\uFEFFOnce \"upon\" a\ttime\r\n\n  \n[Chapter 1]\n{not JSON\nlast");
    assertThat(rows(file))
        .containsExactly(
            ":1 {\"text\":\"Once \\\"upon\\\" a\\ttime\"}",
            ":4 {\"text\":\"[Chapter 1]\"}",
            ":5 {\"text\":\"{not JSON\"}",
            ":6 {\"text\":\"last\"}");
    assertThat(rows(write("b.txt", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n")))
        .containsExactly(":1 {\"text\":\"a\"}", ":2 {\"text\":\"b\"}");
    Path latin1 = Files.write(folder.resolve("c.txt"), "a\nGrüße\n".getBytes(ISO_8859_1));
    assertThat(problems(latin1))
        .containsExactly(":2: the byte 0xFC is not text in UTF-8; save the file in UTF-8");
  }

  // Tables.

  @Test
  void tablesAreReadAsPandasReadsThem() throws IOException {
    List<JsonNode> expected = fields(made("table.expected.jsonl"));
    assertThat(fields(made("table.csv"))).isEqualTo(expected);
    assertThat(fields(made("table.tsv"))).isEqualTo(expected);
  }

  @Test
  void rowsOfATableHaveTheLineTheyBeginAt() throws IOException {
    Path file =
        write(
            "a.csv",
            "\uFEFFprompt,\"the \"\"completion\"\"\",\r\n\"a\nb\",,x\r\n\r\n\"\",\"c, d\",\"\"\"\"\n007,1e5,");
    assertThat(rows(file))
        .containsExactly(
            ":2 {\"prompt\":\"a\\nb\",\"the \\\"completion\\\"\":null,\"Unnamed: 2\":\"x\"}",
            ":5 {\"prompt\":\"\",\"the \\\"completion\\\"\":\"c, d\",\"Unnamed: 2\":\"\\\"\"}",
            ":6 {\"prompt\":\"007\",\"the \\\"completion\\\"\":\"1e5\",\"Unnamed: 2\":null}");
  }

  @Test
  void theSeparatorIsFoundInTheFirstLine() throws IOException {
    assertThat(rows(write("a.csv", "a;b\n1,5;2\n")))
        .containsExactly(":2 {\"a\":\"1,5\",\"b\":\"2\"}");
    assertThat(problems(write("c.csv", "text\nHello, world\n")).toString())
        .contains(":2: this row has 2 fields, and the first line of the file 1; a field that");
    assertThat(rows(write("d.csv", "a\tb\n1\t2\n")))
        .containsExactly(":2 {\"a\":\"1\",\"b\":\"2\"}");
    // By what it holds, whatever its name is.
    assertThat(rows(write("e.jsonl", "prompt,completion\n\"a, b\",c\n")))
        .containsExactly(":2 {\"prompt\":\"a, b\",\"completion\":\"c\"}");
    assertThat(rows(write("f.csv", "{\"n\": 1}\n"))).containsExactly(":1 {\"n\":1}");
  }

  @Test
  void wrongRowsOfATableAreSaidByTheirLines() throws IOException {
    Path file = write("a.csv", "a,b\n1\n1,2,3\n\"x\"y,1\n1,2\n");
    assertThat(problems(file))
        .containsExactly(
            ":2: this row has 1 fields, and the first line of the file 2; a field that holds a"
                + " separator stands in double quotes",
            ":3: this row has 3 fields, and the first line of the file 2; a field that holds a"
                + " separator stands in double quotes",
            ":4: after the double quote that closes a field there is more in the field; double the"
                + " quotes within it");
    assertThat(problems(write("b.csv", "a,b\n1,2\n3,\"4\n5,6\n")))
        .containsExactly(
            ":3: the file ends before the double quote that opens a field here is closed; it was"
                + " cut off, or a quote is missing");
    assertThat(problems(write("c.csv", "a,b,a\n1,2,3\n")))
        .containsExactly(":1: two columns are called a; rename one");
    Path latin1 = Files.write(folder.resolve("d.csv"), "a,b\n1,ü\n".getBytes(ISO_8859_1));
    assertThat(problems(latin1))
        .containsExactly(":2: the byte 0xFC is not text in UTF-8; save the file in UTF-8");
    assertThat(problems(write("e.csv", "a,b\n")))
        .containsExactly(": this file has no rows, and needs one at least");
  }

  // Parquet and Arrow, as pyarrow, pandas and datasets write them.

  @ParameterizedTest
  @CsvSource({
    "common.parquet, common",
    "common.arrow, common",
    "common-zstd.arrow, common",
    "pandas.feather, pandas",
    "only-arrow.arrow, only-arrow"
  })
  void columnsAreReadAsOthersWroteThem(String name, String expected) throws IOException {
    assertThat(fields(made(name))).isEqualTo(fields(made(expected + ".expected.jsonl")));
    assertThat(rows(made(name)).get(1)).startsWith(":row 2 {");
  }

  @ParameterizedTest
  @CsvSource({"bytes.parquet", "bytes.arrow"})
  void bytesAreNoTexts(String name) throws IOException {
    List<JsonNode> rows = fields(made(name));
    assertThat(rows.get(0).path("text").textValue()).isEqualTo("a");
    assertThat(rows.get(0).path("raw").path("binary").textValue()).isEqualTo("\\x00b");
    assertThat(rows.get(0).path("image").path("binary").isMissingNode()).isFalse();
    assertThat(rows.get(1).path("image").isNull()).isTrue();
    assertThat(rows.get(1).path("raw").isNull()).isTrue();
  }

  @Test
  void parquetIsFoundByItsBytesWhateverItsNameIs() throws IOException {
    Path odd = folder.resolve("a[1]*'b.jsonl");
    Files.copy(made("common.parquet"), odd);
    assertThat(fields(odd)).isEqualTo(fields(made("common.expected.jsonl")));
    Path inFolder = Files.createDirectory(folder.resolve("lang=de")).resolve("a.parquet");
    Files.copy(made("common.parquet"), inFolder);
    assertThat(fields(inFolder)).isEqualTo(fields(made("common.expected.jsonl")));
    Path packed =
        Files.write(folder.resolve("a.parquet.gz"), Packer.GZIP.pack(Files.readAllBytes(odd)));
    assertThat(problems(packed))
        .containsExactly(
            ": this gzip file holds a Parquet file, which is compressed within; decompress it");
  }

  @Test
  void arrowIsReadThroughCompressionToo() throws IOException {
    for (Packer packer : List.of(Packer.GZIP, Packer.ZSTD)) {
      Path packed = folder.resolve("common.arrow" + packer.ending);
      Files.write(packed, packer.pack(Files.readAllBytes(made("common-zstd.arrow"))));
      assertThat(fields(packed)).isEqualTo(fields(made("common.expected.jsonl")));
    }
  }

  @ParameterizedTest
  @CsvSource({"common.parquet", "common.arrow", "common-zstd.arrow", "only-arrow.arrow"})
  void columnsThatAreCutOffOrDamagedEndWithOneSentence(String name) throws IOException {
    byte[] whole = Files.readAllBytes(made(name));
    Path file = folder.resolve(name);
    String type = name.endsWith("parquet") ? "Parquet" : "Arrow";
    for (int length = 10; length < whole.length - 8; length += 97) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(problems(file))
          .singleElement()
          .asString()
          .matches("(:row \\d)?: this %s file (is damaged|ends too early).*".formatted(type));
    }
    Random random = new Random(5);
    for (int i = 0; i < 50; i++) {
      byte[] damaged = whole.clone();
      damaged[8 + random.nextInt(whole.length - 8)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, damaged);
      List<String> problems = new ArrayList<>();
      try {
        fields(file);
      } catch (dev.polyphase.pipelines.problems.InputException e) {
        e.problems().forEach(problem -> problems.add(problem.toString()));
      }
      // Some bits are of values: what they say is as good as before.
      assertThat(problems)
          .allMatch(
              p ->
                  p.contains("this " + type + " file")
                      || p.contains("this row")
                      || p.contains("the column"));
    }
  }

  // Compression.

  private enum Packer {
    GZIP("gzip", ".gz") {
      @Override
      OutputStream into(OutputStream out) throws IOException {
        return new GZIPOutputStream(out);
      }
    },
    ZSTD("zstd", ".zst") {
      @Override
      OutputStream into(OutputStream out) throws IOException {
        // As the program zstd writes them.
        return new ZstdOutputStream(out).setChecksum(true);
      }
    },
    BZIP2("bzip2", ".bz2") {
      @Override
      OutputStream into(OutputStream out) throws IOException {
        return new BZip2CompressorOutputStream(out);
      }
    },
    XZ("xz", ".xz") {
      @Override
      OutputStream into(OutputStream out) throws IOException {
        return new XZOutputStream(out, new LZMA2Options());
      }
    },
    LZ4("lz4", ".lz4") {
      @Override
      OutputStream into(OutputStream out) throws IOException {
        // Of blocks that look back into those before them, with a checksum.
        return new FramedLZ4CompressorOutputStream(
            out,
            new FramedLZ4CompressorOutputStream.Parameters(
                FramedLZ4CompressorOutputStream.BlockSize.K64, true, false, true));
      }
    };

    private final String word;
    private final String ending;

    Packer(String word, String ending) {
      this.word = word;
      this.ending = ending;
    }

    abstract OutputStream into(OutputStream out) throws IOException;

    byte[] pack(byte[] content) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (OutputStream out = into(bytes)) {
        out.write(content);
      }
      return bytes.toByteArray();
    }
  }

  @ParameterizedTest
  @EnumSource
  void compressedFilesAreReadByTheirBytes(Packer packer) throws IOException {
    byte[] first = packer.pack(utf8("{\"n\":1}\n{\"n\":2}\n"));
    byte[] second = packer.pack(utf8("{\"n\":3}\n"));
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    Path file = Files.write(folder.resolve("rows.jsonl"), both);
    assertThat(rows(file)).containsExactly(":1 {\"n\":1}", ":2 {\"n\":2}", ":3 {\"n\":3}");

    Path table = folder.resolve("a.csv" + packer.ending);
    Files.write(table, packer.pack(utf8("text\na\n")));
    assertThat(rows(table)).containsExactly(":2 {\"text\":\"a\"}");
    Path list = folder.resolve("a.json" + packer.ending);
    Files.write(list, packer.pack(utf8("[\n{\"n\":1}\n]")));
    assertThat(rows(list)).containsExactly(":2 {\"n\":1}");
    Path text = folder.resolve("a.txt" + packer.ending);
    Files.write(text, packer.pack(utf8("a\nb\n")));
    assertThat(rows(text)).containsExactly(":1 {\"text\":\"a\"}", ":2 {\"text\":\"b\"}");

    Files.write(list, utf8("[{\"n\":1}]"));
    assertThat(problems(list))
        .containsExactly(
            ": its name ends with %1$s, but it is not compressed; take %1$s off its name"
                .formatted(packer.ending));
    Files.write(list, packer.pack(packer.pack(utf8("[]"))));
    assertThat(problems(list))
        .containsExactly(
            ": this %1$s file holds another %1$s file; decompress it once".formatted(packer.word));
  }

  @ParameterizedTest
  @EnumSource
  void compressedFilesThatAreNotWholeEndWithOneSentence(Packer packer) throws IOException {
    byte[] content = new byte[200_000];
    Random random = new Random(3);
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i % 7 < 5 ? 'a' : 'a' + random.nextInt(16));
      if (i % 80 == 79) {
        content[i] = '\n';
      }
    }
    byte[] whole = packer.pack(content);
    Path file = folder.resolve("cut.txt" + packer.ending);
    for (int length : List.of(7, 20, whole.length / 2, whole.length - 1)) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(problems(file))
          .singleElement()
          .asString()
          .matches(
              "(:\\d+)?: this %s file (ends too early; it was cut off, so|is damaged here;) copy or compress it anew"
                  .formatted(packer.word));
    }
    whole[whole.length / 2] ^= 0x10;
    whole[whole.length / 2 + 1] ^= 0x55;
    Files.write(file, whole);
    assertThat(problems(file))
        .singleElement()
        .asString()
        .matches("(:\\d+)?: this %s file .*".formatted(packer.word));
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }
}
