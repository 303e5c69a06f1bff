package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rows of CSV (RFC 4180) and TSV, whose first line names the columns. A field in double quotes may
 * hold separators, line feeds, and quotes, which are doubled. Every value is a text, as it stands
 * there; a field of nothing, without quotes, is null.
 */
final class TableRows implements RowFile {
  /** As pandas calls a column without a name, which is the index that it wrote. */
  private static final String UNNAMED = "Unnamed: ";

  private final RowBytes bytes;
  private final String name;
  private final int separator;
  private final List<String> columns;

  /** For each column {@code "name":}, with what stands before it. */
  private final List<byte[]> keys = new ArrayList<>();

  private final JsonBytes row = new JsonBytes();

  /** What stopped a field. */
  private enum Stop {
    SEPARATOR,
    LINE,
    FILE
  }

  /**
   * The rows of a file.
   *
   * @param separator the character between two fields
   * @throws InputException if the first line names no columns
   */
  TableRows(RowBytes bytes, char separator) throws IOException {
    this.bytes = bytes;
    this.name = bytes.name();
    this.separator = separator;
    bytes.skipByteOrderMark();
    this.columns = header();
    for (String column : columns) {
      JsonBytes key = new JsonBytes();
      key.raw(keys.isEmpty() ? '{' : ',').text(column).raw(':');
      keys.add(key.toArray());
    }
  }

  /** The columns, in their order. */
  List<String> columns() {
    return columns;
  }

  private List<String> header() throws IOException {
    skipBlankLines();
    int line = bytes.line;
    List<String> names = new ArrayList<>();
    Set<String> known = new HashSet<>();
    Stop stop;
    do {
      row.clear();
      Field field = new Field();
      stop = field.read();
      byte[] json = row.toArray();
      String wrong =
          field.wrong != null ? field.wrong : Utf8.fault(json, 0, json.length).orElse(null);
      if (wrong != null) {
        throw new InputException(Place.line(name, line), wrong);
      }
      String column = field.isNull ? UNNAMED + names.size() : JsonRow.textOf(json);
      if (!known.add(column)) {
        throw new InputException(
            Place.line(name, line), "two columns are called %s; rename one".formatted(column));
      }
      names.add(column);
    } while (stop == Stop.SEPARATOR);
    return List.copyOf(names);
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    skipBlankLines();
    if (!bytes.more()) {
      return null;
    }
    Place place = Place.line(name, bytes.line);
    row.clear();
    @Nullable String wrong = null;
    int fields = 0;
    Stop stop;
    do {
      if (fields < keys.size()) {
        row.raw(keys.get(fields));
      }
      int before = row.size();
      Field field = new Field();
      stop = field.read();
      wrong = wrong == null ? field.wrong : wrong;
      fields++;
      if (fields > keys.size()) {
        row.backTo(before);
      }
    } while (stop == Stop.SEPARATOR);
    row.raw('}');
    if (wrong == null && fields != keys.size()) {
      wrong =
          "this row has %,d fields, and the first line of the file %,d; a field that holds a separator stands in double quotes"
              .formatted(fields, keys.size());
    }
    byte[] json = row.toArray();
    if (wrong == null) {
      wrong = Utf8.fault(json, 0, json.length).orElse(null);
    }
    return new RawRow(place, json, wrong);
  }

  private void skipBlankLines() throws IOException {
    while (bytes.peek() == '\n' || bytes.peek() == '\r') {
      endOfLine();
    }
  }

  /** Goes over one end of a line, of any system. */
  private void endOfLine() throws IOException {
    int b = bytes.buffer[bytes.at++];
    bytes.line++;
    if (b == '\r' && bytes.peek() == '\n') {
      bytes.at++;
    }
  }

  /** One field, written as a value of JSON. */
  private final class Field {
    private boolean isNull;
    private @Nullable String wrong;

    Stop read() throws IOException {
      if (bytes.peek() == '"') {
        quoted();
      } else {
        int before = row.size();
        row.raw('"');
        plain();
        isNull = row.size() == before + 1;
        if (isNull) {
          row.backTo(before);
          row.raw("null");
        } else {
          row.raw('"');
        }
      }
      int next = bytes.peek();
      if (next < 0) {
        return Stop.FILE;
      }
      if (next == separator) {
        bytes.at++;
        return Stop.SEPARATOR;
      }
      endOfLine();
      return Stop.LINE;
    }

    private void plain() throws IOException {
      while (bytes.more()) {
        byte[] from = bytes.buffer;
        int i = bytes.at;
        while (i < bytes.end && from[i] != separator && from[i] != '\n' && from[i] != '\r') {
          i++;
        }
        row.inText(from, bytes.at, i);
        bytes.at = i;
        if (i < bytes.end) {
          return;
        }
      }
    }

    private void quoted() throws IOException {
      int begin = bytes.line;
      bytes.at++;
      row.raw('"');
      while (true) {
        if (!bytes.more()) {
          throw new InputException(
              Place.line(name, begin),
              "the file ends before the double quote that opens a field here is closed; it was cut off, or a quote is missing");
        }
        byte[] from = bytes.buffer;
        int i = bytes.at;
        while (i < bytes.end && from[i] != '"') {
          bytes.line += from[i] == '\n' ? 1 : 0;
          i++;
        }
        row.inText(from, bytes.at, i);
        bytes.at = i;
        if (row.size() > RowBytes.MOST_BYTES_OF_A_ROW) {
          throw bytes.tooLong(begin);
        }
        if (i < bytes.end) {
          bytes.at++;
          if (bytes.peek() != '"') {
            break;
          }
          bytes.at++;
          row.raw('\\').raw('"');
        }
      }
      row.raw('"');
      int next = bytes.peek();
      if (next >= 0 && next != separator && next != '\n' && next != '\r') {
        wrong =
            "after the double quote that closes a field there is more in the field; double the quotes within it";
        int before = row.size();
        plain();
        row.backTo(before);
      }
    }
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
