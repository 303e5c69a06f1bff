package dev.polyphase.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the header of a safetensors file and checks it against the file's length. The values are
 * not touched.
 *
 * <p>The format (<a href="https://github.com/huggingface/safetensors#format">its description</a>):
 * 8 bytes with the header's length (unsigned, little-endian), the header (a JSON object, may be
 * padded with spaces), the data. The header maps each tensor's name to {@code dtype}, {@code shape}
 * and {@code data_offsets}, which count from the start of the data and must cover it without a gap;
 * {@code __metadata__} maps strings to strings.
 */
final class SafetensorsHeader {
  static final String METADATA = "__metadata__";
  static final int LENGTH_BYTES = Long.BYTES;

  /** The format's own limit. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  /** What a clone without Git LFS leaves in the place of a large file. */
  private static final byte[] GIT_LFS_POINTER =
      "version https://git-lfs".getBytes(StandardCharsets.US_ASCII);

  private static final int MAX_PROBLEMS = 10;

  private final Path file;
  private final List<Problem> problems = new ArrayList<>();

  private SafetensorsHeader(Path file) {
    this.file = file;
  }

  /**
   * The tensors of a file by position.
   *
   * @throws InputException if it is no complete and well-made safetensors file
   */
  static List<TensorInfo> read(Path file) throws IOException {
    return new SafetensorsHeader(file).read();
  }

  private List<TensorInfo> read() throws IOException {
    checkIsFile();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long fileBytes = channel.size();
      int headerBytes = headerLength(channel, fileBytes);
      long dataStart = (long) LENGTH_BYTES + headerBytes;
      List<HeaderEntry> entries = entries(header(channel, headerBytes));
      checkOffsets(entries);
      checkFileLength(entries, fileBytes - dataStart);
      return entries.stream()
          .map(
              entry ->
                  new TensorInfo(
                      entry.name(),
                      entry.type(),
                      entry.shape(),
                      file,
                      dataStart + entry.begin(),
                      entry.end() - entry.begin()))
          .toList();
    } catch (AccessDeniedException e) {
      throw InputFile.notAllowed(file);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  private void checkIsFile() throws IOException {
    if (InputFile.isThere(file)) {
      return;
    }
    if (Files.isSymbolicLink(file)) {
      throw wrong(
          "this is a link to "
              + Files.readSymbolicLink(file)
              + ", which is not there; download the model again");
    }
    throw wrong("the file is missing; download or copy the model again");
  }

  private int headerLength(FileChannel channel, long fileBytes) throws IOException {
    if (fileBytes == 0) {
      throw wrong("the file is empty; copy it again");
    }
    ByteBuffer start = readAt(channel, 0, (int) Math.min(fileBytes, GIT_LFS_POINTER.length));
    if (start.equals(ByteBuffer.wrap(GIT_LFS_POINTER))) {
      throw wrong("this is a Git LFS pointer, not the weights themselves; run `git lfs pull`");
    }
    if (fileBytes < LENGTH_BYTES) {
      throw wrong(
          "a safetensors file starts with 8 bytes that hold its header's length, but the file has "
              + count(fileBytes)
              + "; it is truncated, copy it again");
    }
    long length = start.getLong();
    if (length < 0 || length > MAX_HEADER_BYTES) {
      throw wrong(
          "the first 8 bytes say that a header of "
              + Long.toUnsignedString(length)
              + " bytes follows, but the format allows "
              + count(MAX_HEADER_BYTES)
              + "; this is no safetensors file, or it is damaged");
    }
    long rest = fileBytes - LENGTH_BYTES;
    if (length > rest) {
      throw wrong(
          "the first 8 bytes say that a header of "
              + count(length)
              + " bytes follows, but the file has "
              + count(rest)
              + "; it is truncated, copy it again");
    }
    return (int) length;
  }

  private ObjectNode header(FileChannel channel, int headerBytes) throws IOException {
    byte[] text = new byte[headerBytes];
    readAt(channel, LENGTH_BYTES, headerBytes).get(text);
    if (headerBytes == 0 || text[0] != '{') {
      throw wrong("the header does not start with '{'; this is no safetensors file");
    }
    return StrictJson.object(file, "the header", text);
  }

  private List<HeaderEntry> entries(ObjectNode header) {
    List<HeaderEntry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (field.getKey().equals(METADATA)) {
        checkMetadata(field.getValue());
      } else {
        HeaderEntry.read(field.getKey(), field.getValue(), this::problem).ifPresent(entries::add);
      }
    }
    throwProblems();
    // An empty tensor comes before the one that starts where it starts and ends.
    entries.sort(
        Comparator.comparingLong(HeaderEntry::begin)
            .thenComparingLong(HeaderEntry::end)
            .thenComparing(HeaderEntry::name));
    return entries;
  }

  private void checkMetadata(JsonNode metadata) {
    if (!metadata.isObject()) {
      problem(
          "the header's __metadata__ must be an object of strings, but is "
              + StrictJson.shown(metadata)
              + "; copy the file again");
      return;
    }
    for (Map.Entry<String, JsonNode> field : metadata.properties()) {
      if (!field.getValue().isTextual()) {
        problem(
            "the header's __metadata__ must hold strings, but '"
                + field.getKey()
                + "' is "
                + StrictJson.shown(field.getValue())
                + "; copy the file again");
      }
    }
  }

  private void checkOffsets(List<HeaderEntry> entries) {
    String before = "the data starts";
    long expected = 0;
    for (HeaderEntry entry : entries) {
      if (entry.begin() != expected) {
        problem(
            "tensor '"
                + entry.name()
                + "' starts at byte "
                + count(entry.begin())
                + " of the data, but "
                + before
                + " at byte "
                + count(expected)
                + (entry.begin() > expected
                    ? "; the gap belongs to no tensor, copy the file again"
                    : "; the two overlap, copy the file again"));
      }
      before = "tensor '" + entry.name() + "' before it ends";
      expected = Math.max(expected, entry.end());
    }
    throwProblems();
  }

  private void checkFileLength(List<HeaderEntry> entries, long dataBytes) {
    long expected = entries.isEmpty() ? 0 : entries.get(entries.size() - 1).end();
    if (dataBytes == expected) {
      return;
    }
    throw wrong(
        "the header says "
            + count(expected)
            + " bytes follow, but the file has "
            + count(dataBytes)
            + (dataBytes < expected
                ? "; it is truncated, copy it again"
                : "; something else was appended or the header is wrong, copy it again"));
  }

  private ByteBuffer readAt(FileChannel channel, long position, int byteCount) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(byteCount).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new EOFException();
      }
    }
    return buffer.flip();
  }

  /** A number as messages have it: 1,234. */
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private void problem(String sentence) {
    problems.add(new Problem(Place.in(file.toString()), sentence));
  }

  private InputException wrong(String sentence) {
    return new InputException(Place.in(file.toString()), sentence);
  }

  /** A damaged header can be wrong in thousands of tensors: the first ones show how. */
  private void throwProblems() {
    if (problems.isEmpty()) {
      return;
    }
    int more = problems.size() - MAX_PROBLEMS;
    if (more > 0) {
      problems.subList(MAX_PROBLEMS, problems.size()).clear();
      problem(
          count(more)
              + " more things are wrong in this header; the file is damaged, copy it again");
    }
    throw new InputException(problems);
  }
}
