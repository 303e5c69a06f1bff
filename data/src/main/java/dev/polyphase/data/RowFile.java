package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The lines of a file of rows; one that gzip has compressed is read as what it holds. */
final class RowFile implements AutoCloseable {
  private final Path file;
  private final InputStream in;
  private int line;

  /** The file as a whole is none that rows can be read from, or from some line on. */
  static final class UnreadableException extends Exception {
    private final transient InputException problem;

    UnreadableException(Place place, String sentence) {
      this.problem = new InputException(place, sentence);
    }

    InputException problem() {
      return problem;
    }
  }

  private RowFile(Path file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  /**
   * Opens a file and looks at what it is.
   *
   * @throws UnreadableException if it is not there, or is of another kind than JSONL
   */
  static RowFile open(Path file) throws IOException, UnreadableException {
    try {
      InputStream plain = buffered(InputFile.open(file));
      try {
        return open(file, plain);
      } catch (IOException | UnreadableException e) {
        plain.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw new UnreadableException(Place.in(InputFile.name(file)), "there is no such file");
    } catch (EOFException | ZipException e) {
      throw damaged(Place.in(InputFile.name(file)), e);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  private static RowFile open(Path file, InputStream plain)
      throws IOException, UnreadableException {
    byte[] head = head(plain);
    boolean compressed = head.length > 1 && head[0] == 0x1f && head[1] == (byte) 0x8b;
    InputStream in = compressed ? buffered(new GZIPInputStream(plain, FileKind.HEAD_BYTES)) : plain;
    Optional<FileKind> other = FileKind.of(compressed ? head(in) : head);
    if (other.isPresent()) {
      throw new UnreadableException(
          Place.in(InputFile.name(file)), other.get().sentence(file, compressed));
    }
    if (!compressed && head.length > 0 && file.toString().endsWith(".gz")) {
      throw new UnreadableException(
          Place.in(InputFile.name(file)),
          "its name ends with .gz, but it is not compressed; take .gz off its name");
    }
    return new RowFile(file, in);
  }

  /** The bytes up to and with the next line feed; none at the end of the file. */
  byte[] nextLine() throws IOException, UnreadableException {
    line++;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      for (int next = in.read(); next >= 0; next = in.read()) {
        bytes.write(next);
        if (next == '\n') {
          break;
        }
      }
    } catch (EOFException | ZipException e) {
      throw damaged(Place.line(InputFile.name(file), line), e);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return bytes.toByteArray();
  }

  /** The number of the line that was read last, 1-based. */
  int line() {
    return line;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private static InputStream buffered(InputStream in) {
    return new BufferedInputStream(in, FileKind.HEAD_BYTES);
  }

  /** What begins the stream, which stands at its beginning again afterwards. */
  private static byte[] head(InputStream in) throws IOException {
    in.mark(FileKind.HEAD_BYTES);
    byte[] head = in.readNBytes(FileKind.HEAD_BYTES);
    in.reset();
    return head;
  }

  private static UnreadableException damaged(Place place, IOException e) {
    return new UnreadableException(
        place,
        e instanceof EOFException
            ? "this gzip file ends too early; it was cut off, so copy or compress it anew"
            : "this gzip file is damaged here; copy or compress it anew");
  }
}
