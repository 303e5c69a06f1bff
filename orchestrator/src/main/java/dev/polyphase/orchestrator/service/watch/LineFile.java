package dev.polyphase.orchestrator.service.watch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A file of lines that a run adds to, read from any place on: whole lines only, and never more at
 * once than was asked for. A file that is not there has no lines; what is no regular file is taken
 * for one that is not there, since to open a FIFO would wait for who writes into it.
 *
 * @param path the file
 */
public record LineFile(Path path) {
  /** What a place remembers of what is before it. */
  private static final int CHECKED = 256;

  /** Nothing that a run writes has longer lines. */
  private static final int LONGEST_LINE = 8 << 20;

  private static final int BLOCK = 1 << 16;

  /**
   * Lines that were read.
   *
   * @param from the place before the first: the one asked for, or the file's beginning where the
   *     file is not any more what it was
   * @param lines without their ends
   * @param next the place after the last
   * @param more whether others follow already
   */
  public record Lines(Cursor from, List<String> lines, Cursor next, boolean more) {
    /** Lines that can't change. */
    public Lines {
      lines = List.copyOf(lines);
    }
  }

  /** The lines after a place, at most so many bytes of them, but one line at least. */
  public Lines after(Cursor place, int bytes) throws IOException {
    try (FileChannel file = open()) {
      Cursor from = holds(file, place) ? place : Cursor.START;
      int most = bytes;
      while (true) {
        byte[] read = read(file, from.bytes(), most);
        int end = lastLineEnd(read);
        if (end > 0 || read.length < most || most >= LONGEST_LINE) {
          return lines(file, from, read, end);
        }
        most *= 2;
      }
    } catch (NoSuchFileException e) {
      return new Lines(Cursor.START, List.of(), Cursor.START, false);
    }
  }

  /** The place behind so many lines; behind the last whole one where there are fewer. */
  public Cursor behindLines(long count) throws IOException {
    try (FileChannel file = open()) {
      long bytes = 0;
      long lines = 0;
      long position = 0;
      while (lines < count) {
        byte[] read = read(file, position, BLOCK);
        if (read.length == 0) {
          break;
        }
        for (int i = 0; i < read.length && lines < count; i++) {
          if (read[i] == '\n') {
            lines++;
            bytes = position + i + 1;
          }
        }
        position += read.length;
      }
      return new Cursor(lines, bytes, check(file, bytes));
    } catch (NoSuchFileException e) {
      return Cursor.START;
    }
  }

  /** The place at the beginning of the first line that begins at a byte or after it. */
  public Cursor atByte(long byteNumber) throws IOException {
    try (FileChannel file = open()) {
      if (byteNumber <= 0) {
        return Cursor.START;
      }
      long position = Math.min(byteNumber, file.size()) - 1;
      while (true) {
        byte[] read = read(file, position, BLOCK);
        for (int i = 0; i < read.length; i++) {
          if (read[i] == '\n') {
            long bytes = position + i + 1;
            return new Cursor(0, bytes, check(file, bytes));
          }
        }
        if (read.length == 0) {
          return endOf(file);
        }
        position += read.length;
      }
    } catch (NoSuchFileException e) {
      return Cursor.START;
    }
  }

  /** The place before the last lines, so many at most, and of so many bytes at most. */
  public Cursor beforeLast(int lines, int bytes) throws IOException {
    try (FileChannel file = open()) {
      long start = Math.max(0, file.size() - bytes);
      byte[] read = read(file, start, bytes);
      int found = 0;
      // The end of the last whole line is the first that is met, and is not counted.
      for (int i = lastLineEnd(read) - 2; i >= 0; i--) {
        if (read[i] == '\n' && ++found == lines) {
          return new Cursor(0, start + i + 1, check(file, start + i + 1));
        }
      }
      if (start == 0) {
        return Cursor.START;
      }
      for (int i = 0; i < read.length; i++) {
        if (read[i] == '\n') {
          return new Cursor(0, start + i + 1, check(file, start + i + 1));
        }
      }
      return endOf(file);
    } catch (NoSuchFileException e) {
      return Cursor.START;
    }
  }

  private FileChannel open() throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(path.toString());
    }
    return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  private static Cursor endOf(FileChannel file) throws IOException {
    return new Cursor(0, file.size(), check(file, file.size()));
  }

  private static boolean holds(FileChannel file, Cursor place) throws IOException {
    return place.bytes() <= file.size() && check(file, place.bytes()) == place.check();
  }

  private static int check(FileChannel file, long bytes) throws IOException {
    if (bytes == 0) {
      return Cursor.START.check();
    }
    CRC32 digest = new CRC32();
    digest.update(read(file, Math.max(0, bytes - CHECKED), (int) Math.min(bytes, CHECKED)));
    return (int) digest.getValue();
  }

  private static Lines lines(FileChannel file, Cursor from, byte[] read, int end)
      throws IOException {
    List<String> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < end; i++) {
      if (read[i] == '\n') {
        lines.add(new String(read, start, i - start, StandardCharsets.UTF_8));
        start = i + 1;
      }
    }
    long bytes = from.bytes() + end;
    Cursor next =
        end == 0 ? from : new Cursor(from.line() + lines.size(), bytes, check(file, bytes));
    return new Lines(from, lines, next, end > 0 && file.size() > bytes);
  }

  /** The index behind the last line's end; 0 where no line ends. */
  private static int lastLineEnd(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private static byte[] read(FileChannel file, long position, int most) throws IOException {
    ByteBuffer buffer =
        ByteBuffer.allocate((int) Math.max(0, Math.min(most, file.size() - position)));
    while (buffer.hasRemaining() && file.read(buffer, position + buffer.position()) >= 0) {
      // Read on until it is full, or the file was cut.
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }
}
