package dev.polyphase.orchestrator.service.watch;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place between two lines of a file that others add to. A file may be cut or replaced while
 * nobody looks, so a place also knows what stood before it.
 *
 * @param line how many lines are before it, as far as whoever made it counted them
 * @param bytes how many bytes are
 * @param check a digest of the last of these bytes
 */
public record Cursor(long line, long bytes, int check) {
  /** Before the first line. */
  public static final Cursor START = new Cursor(0, 0, 0);

  private static final Pattern TEXT = Pattern.compile("(\\d{1,15})\\.(\\d{1,15})\\.([0-9a-f]{8})");

  /** The place as text without spaces, as {@code 12.3456.00c0ffee}. */
  public String text() {
    return "%d.%d.%08x".formatted(line, bytes, check);
  }

  /** A place from its text; empty where it is none. */
  public static Optional<Cursor> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches()
        ? Optional.of(
            new Cursor(
                Long.parseLong(matcher.group(1)),
                Long.parseLong(matcher.group(2)),
                Integer.parseUnsignedInt(matcher.group(3), 16)))
        : Optional.empty();
  }
}
