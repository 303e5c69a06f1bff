package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** A row a line, blank lines left out: JSON as it stands there, or plain text. */
final class LineRows implements RowFile {
  private static final byte[] BEFORE_TEXT = "{\"text\":\"".getBytes(US_ASCII);
  private static final byte[] AFTER_TEXT = "\"}".getBytes(US_ASCII);

  private final RowBytes bytes;
  private final String name;
  private final boolean json;
  private final JsonBytes row = new JsonBytes();

  /**
   * The lines of a file.
   *
   * @param json whether they are JSON; else each is a text
   */
  LineRows(RowBytes bytes, boolean json) {
    this.bytes = bytes;
    this.name = bytes.name();
    this.json = json;
    bytes.skipByteOrderMark();
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    while (true) {
      int begin = bytes.line;
      byte[] line = bytes.nextLine();
      if (line == null) {
        return null;
      }
      if (!isBlank(line)) {
        Place place = Place.line(name, begin);
        return json ? new RawRow(place, line) : text(place, line);
      }
    }
  }

  private RawRow text(Place place, byte[] line) {
    row.clear();
    row.raw(BEFORE_TEXT).inText(line, 0, line.length).raw(AFTER_TEXT);
    Optional<String> wrong = Utf8.fault(line, 0, line.length);
    return new RawRow(place, row.toArray(), wrong.orElse(null));
  }

  private static boolean isBlank(byte[] line) {
    for (byte b : line) {
      if (b != ' ' && b != '\t' && b != '\r') {
        return false;
      }
    }
    return true;
  }

  @Override
  public OptionalDouble share() {
    return bytes.share();
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
