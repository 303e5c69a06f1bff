package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way in which a file can be wrong, byte by byte, and the sentence for it. */
class MalformedSafetensorsTest {
  private static final String TWO_FLOATS =
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  @TempDir Path temporary;

  static Stream<Arguments> wrongFiles() {
    return Stream.of(
        wrong("empty", new byte[0], "the file is empty; copy it again"),
        wrong(
            "shorter than the length's own bytes",
            new byte[5],
            "a safetensors file starts with 8 bytes that hold its header's length, but the file has"
                + " 5; it is truncated, copy it again"),
        wrong(
            "a pointer of Git LFS",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
                .getBytes(StandardCharsets.US_ASCII),
            "this is a Git LFS pointer, not the weights themselves; run `git lfs pull`"),
        wrong(
            "a header longer than the file",
            SafetensorsBytes.withLength(3_200, "{}"),
            "the first 8 bytes say that a header of 3,200 bytes follows, but the file has 2; it is"
                + " truncated, copy it again"),
        wrong(
            "a header longer than the format allows",
            SafetensorsBytes.withLength(100_000_001, "{}"),
            "a header of 100000001 bytes follows, but the format allows 100,000,000"),
        wrong(
            "a length with its highest bit set",
            SafetensorsBytes.withLength(-1, "{}"),
            "a header of 18446744073709551615 bytes follows"),
        wrong(
            "a name that steers a terminal",
            SafetensorsBytes.of(TWO_FLOATS.replace("\"a\"", "\"a\\u001b[31m\""), new byte[8]),
            "tensor 'a\\u001b[31m' has a control character or a mark of direction in its name"),
        wrong(
            "a name that is written backwards",
            SafetensorsBytes.of(TWO_FLOATS.replace("\"a\"", "\"a\u202eb\""), new byte[8]),
            "tensor 'a\\u202eb' has a control character or a mark of direction in its name"),
        wrong("a header of no length", SafetensorsBytes.of(""), "does not start with '{'"),
        wrong("an array for a header", SafetensorsBytes.of("[]"), "does not start with '{'"),
        wrong(
            "a header that starts with a space",
            SafetensorsBytes.of(" {}"),
            "does not start with '{'"),
        wrong(
            "a header cut short by its length",
            SafetensorsBytes.withLength(TWO_FLOATS.length() - 2, TWO_FLOATS, new byte[8]),
            "the header is no valid JSON"),
        wrong(
            "a header with more behind it",
            SafetensorsBytes.of("{}{}"),
            "the header is no valid JSON (line 1, column 3 of it: more follows behind its end, from '{' on)"),
        wrong(
            "a header of too deep a nesting",
            SafetensorsBytes.of("{\"a\":" + "[".repeat(1_500)),
            "the header is no valid JSON (line 1, column 1005 of it: it is nested more than 1,000 deep)"),
        wrong(
            "a number of too many digits",
            SafetensorsBytes.of("{\"a\":" + "1".repeat(1_500) + "}"),
            "(line 1, column 6 of it: a number has more than 1,000 characters)"),
        wrong(
            "a number of too large an exponent",
            SafetensorsBytes.of(TWO_FLOATS.replace("[0,8]", "[0,8e99999999999]"), new byte[8]),
            "a number's exponent is out of range)"),
        wrong(
            "a header that is not UTF-8",
            new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'},
            "(line 1, column 2 of it: the byte 0xFF is not text in UTF-8; save the text in UTF-8)"),
        wrong(
            "a tensor twice",
            SafetensorsBytes.of(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    + "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                new byte[2]),
            "the name \"a\" stands twice in one object"),
        wrong(
            "a shape twice",
            SafetensorsBytes.of(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}",
                new byte[1]),
            "the name \"shape\" stands twice in one object"),
        wrong(
            "metadata that is a list",
            SafetensorsBytes.of("{\"__metadata__\":[1]}"),
            "the header's __metadata__ must be an object of strings, but is [1]"),
        wrong(
            "metadata with a number",
            SafetensorsBytes.of("{\"__metadata__\":{\"format\":1}}"),
            "the header's __metadata__ must hold strings, but 'format' is 1"),
        tensor(
            "an unknown dtype",
            "F31",
            "[2]",
            "[0,8]",
            "has the dtype \"F31\"; convert it to one of F64, F32"),
        tensor("a dtype in lower case", "f32", "[2]", "[0,8]", "has the dtype \"f32\""),
        tensor(
            "a negative dimension",
            "F32",
            "[-2,-1]",
            "[0,8]",
            "has the shape [-2,-1], but it must"),
        tensor("a dimension with a fraction", "F32", "[2.0]", "[0,8]", "has the shape [2.0]"),
        tensor(
            "a dimension beyond 64 bits",
            "F32",
            "[18446744073709551618]",
            "[0,8]",
            "has the shape [18446744073709551618]"),
        tensor("a shape that is a number", "F32", "2", "[0,8]", "has the shape 2"),
        tensor("no shape", "F32", "null", "[0,8]", "has the shape null"),
        tensor("three offsets", "F32", "[2]", "[0,4,8]", "has the data_offsets [0,4,8]"),
        tensor("offsets the wrong way round", "F32", "[2]", "[8,0]", "has the data_offsets [8,0]"),
        tensor("a negative offset", "F32", "[2]", "[-8,0]", "has the data_offsets [-8,0]"),
        tensor(
            "a dtype too wide for its offsets",
            "F64",
            "[2]",
            "[0,8]",
            "tensor 'a' is F64 of shape [2] and needs 16 bytes, but its data_offsets hold 8"),
        tensor("a shape too large for its offsets", "F32", "[3]", "[0,8]", "needs 12 bytes"),
        tensor(
            "a shape whose product wraps round to the right count",
            "F32",
            "[4611686018427387905,2]",
            "[0,8]",
            "needs more than 2^63 bytes, but its data_offsets hold 8"),
        tensor(
            "offsets near the largest long",
            "U8",
            "[9223372036854775807]",
            "[0,9223372036854775807]",
            "the header says 9,223,372,036,854,775,807 bytes follow, but the file has 8"),
        tensor(
            "data that starts late",
            "F32",
            "[1]",
            "[4,8]",
            "tensor 'a' starts at byte 4 of the data, but the data starts at byte 0; the gap"
                + " belongs to no tensor, copy the file again"),
        wrong(
            "a hole",
            SafetensorsBytes.of(two("[0,4]", "[5,9]"), new byte[9]),
            "tensor 'b' starts at byte 5 of the data, but tensor 'a' before it ends at byte 4;"
                + " the gap belongs to no tensor, copy the file again"),
        wrong(
            "an overlap",
            SafetensorsBytes.of(two("[0,4]", "[3,7]"), new byte[7]),
            "tensor 'b' starts at byte 3 of the data, but tensor 'a' before it ends at byte 4;"
                + " the two overlap, copy the file again"),
        wrong(
            "two tensors in one place",
            SafetensorsBytes.of(two("[0,4]", "[0,4]"), new byte[4]),
            "the two overlap"),
        wrong(
            "data cut short",
            SafetensorsBytes.of(TWO_FLOATS, new byte[7]),
            "the header says 8 bytes follow, but the file has 7; it is truncated, copy it again"),
        wrong(
            "bytes behind the data",
            SafetensorsBytes.of(TWO_FLOATS, new byte[9]),
            "the header says 8 bytes follow, but the file has 9; something else was appended"),
        wrong(
            "bytes behind no tensors",
            SafetensorsBytes.of("{}", new byte[1]),
            "the header says 0 bytes follow, but the file has 1"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrongFiles")
  void isRefusedWithItsPlaceAndAReason(String fault, byte[] file, String sentence)
      throws IOException {
    Path folder = SafetensorsBytes.folder(temporary.resolve("m"), file);

    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve("model.safetensors") + ": ")
        .hasMessageContaining(sentence)
        .message()
        .doesNotContainPattern("[Jj]ackson|Exception|REDACTED|[A-Z][a-z]+Feature");
  }

  @Test
  void everyCutOfAGoodFileIsRefused() throws IOException {
    byte[] good = SafetensorsBytes.of(TWO_FLOATS + "  ", new byte[8]);
    assertThat(Checkpoint.open(SafetensorsBytes.folder(temporary, good)).tensors()).hasSize(1);

    for (int length = 0; length < good.length; length++) {
      Path folder = SafetensorsBytes.folder(temporary, Arrays.copyOf(good, length));
      assertThatThrownBy(() -> Checkpoint.open(folder)).isInstanceOf(InputException.class);
    }
  }

  @Test
  void allWrongTensorsAreReportedUpToTen() throws IOException {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < 30; i++) {
      header.append(i == 0 ? "" : ",").append("\"t").append(i).append("\":{}");
    }
    Path folder = SafetensorsBytes.folder(temporary, SafetensorsBytes.of(header + "}"));

    InputException e = catchThrowableOfType(InputException.class, () -> Checkpoint.open(folder));

    // Each of the 30 lacks dtype, shape and offsets.
    assertThat(e.problems()).hasSize(11);
    assertThat(e.problems().get(0).sentence()).startsWith("tensor 't0' has the dtype nothing");
    assertThat(e.problems().get(10).sentence())
        .isEqualTo("80 more things are wrong in this header; the file is damaged, copy it again");
  }

  @Test
  void aLieAboutTheHeaderCostsNoMemory() throws IOException {
    // 100 MB are allowed and would be there, but are zeros.
    Path folder = SafetensorsBytes.folder(temporary, SafetensorsBytes.withLength(90_000_000, "[]"));
    try (RandomAccessFile file =
        new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(90_000_008);
    }

    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("does not start with '{'");
  }

  @Test
  void aFolderInThePlaceOfTheFileIsRefused() throws IOException {
    Files.createDirectories(temporary.resolve("model.safetensors"));

    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("this is a folder");
  }

  private static Arguments tensor(
      String fault, String dtype, String shape, String offsets, String sentence) {
    String header =
        "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}"
            .formatted(dtype, shape, offsets);
    return wrong(fault, SafetensorsBytes.of(header, new byte[8]), sentence);
  }

  private static String two(String first, String second) {
    String tensor = "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":%s}";
    return "{\"b\":" + tensor.formatted(second) + ",\"a\":" + tensor.formatted(first) + "}";
  }

  private static Arguments wrong(String fault, byte[] file, String sentence) {
    return Arguments.of(fault, file, sentence);
  }
}
