package dev.polyphase.trl;

import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The end of a log, which may be large. */
final class LogTail {
  private static final int BYTES = 1 << 18;
  private static final int LONGEST = 300;

  /** How Python's tracebacks end. */
  private static final Pattern TELLING =
      Pattern.compile("^(\\[rank\\d+\\]: )?[A-Za-z_.]*(Error|Exception|Interrupt)\\b.*");

  /** What torchrun ends with whatever a worker ended with. */
  private static final Pattern OF_TORCHRUN =
      Pattern.compile(".*(ChildFailedError|SignalException)\\b.*");

  private LogTail() {}

  /**
   * The first line that names an error, or else the last that holds anything: where one worker
   * fails the others do so after it.
   *
   * @param from what was said before is passed over
   */
  static Optional<String> telling(Path log, long from) throws IOException {
    List<String> lines =
        end(log, from).lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    return lines.stream()
        .filter(line -> TELLING.matcher(line).matches())
        .filter(line -> !OF_TORCHRUN.matcher(line).matches())
        .findFirst()
        .or(() -> lines.isEmpty() ? Optional.empty() : Optional.of(lines.get(lines.size() - 1)))
        .map(LogTail::shown);
  }

  private static String shown(String line) {
    String plain = PlainText.of(line);
    return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
  }

  private static String end(Path log, long from) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long length = file.length();
      long start = Math.min(length, Math.max(from, length - BYTES));
      byte[] bytes = new byte[(int) (length - start)];
      file.seek(start);
      file.readFully(bytes);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }
}
