package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Rows of JSON that do not stand on lines of their own: those of a list, of a list that is the
 * first entry of an object, or objects one after the other. They are cut out by their brackets and
 * quotes alone; each begins where its line does, so that what a parser says of it has the right
 * column.
 */
final class JsonValueRows implements RowFile {
  /** Blanks before a row on its own line that go with it. */
  private static final int MOST_INDENT = 200;

  private static final int MOST = Integer.MAX_VALUE;

  /** What holds the rows. */
  enum Around {
    /** Nothing: they follow each other. */
    NOTHING,
    LIST,
    /** A list that is the first value of an object. */
    LIST_IN_OBJECT
  }

  private final RowBytes bytes;
  private final String name;
  private final Around around;
  private final JsonBytes row = new JsonBytes();

  /** Characters of this line before the next one. */
  private long column;

  private boolean onlyBlanks = true;
  private boolean begun;
  private boolean ended;
  private boolean first = true;

  JsonValueRows(RowBytes bytes, Around around) {
    this.bytes = bytes;
    this.name = bytes.name();
    this.around = around;
    bytes.skipByteOrderMark();
  }

  @Override
  public @Nullable RawRow next() throws IOException {
    if (ended) {
      return null;
    }
    if (!begun) {
      begun = true;
      goToList();
    }
    int next = afterBlanks();
    if (around == Around.NOTHING) {
      ended = next < 0;
      return ended ? null : value();
    }
    if (next == ']') {
      pass();
      finish();
      return null;
    }
    if (!first) {
      if (next >= 0 && next != ',') {
        throw wrong("a comma is missing before what begins here; mend the list");
      }
      if (next == ',') {
        pass();
        next = afterBlanks();
      }
    }
    if (next < 0) {
      throw cut("this list");
    }
    if (next == ',' || next == ']') {
      throw wrong(
          next == ','
              ? "a row is missing before this comma; mend the list"
              : "nothing follows the comma before this ]; remove it");
    }
    first = false;
    return value();
  }

  private void goToList() throws IOException {
    if (around == Around.NOTHING) {
      return;
    }
    if (around == Around.LIST_IN_OBJECT) {
      afterBlanks();
      pass();
      afterBlanks();
      value();
      afterBlanks();
      pass();
    }
    afterBlanks();
    pass();
  }

  /** Goes to the end of the file, where nothing may follow but what closes. */
  private void finish() throws IOException {
    ended = true;
    int next = afterBlanks();
    while (around == Around.LIST_IN_OBJECT && next >= 0 && next != '}') {
      // Further entries of the object say something of the rows, which none of them reads.
      if (next == ',' || next == ':') {
        pass();
      } else {
        value();
      }
      next = afterBlanks();
    }
    if (around == Around.LIST_IN_OBJECT) {
      if (next < 0) {
        throw cut("the object around this list");
      }
      pass();
      next = afterBlanks();
    }
    if (next >= 0) {
      throw wrong("more follows behind the end of the list; write rows in one list, or one a line");
    }
  }

  /** The value that begins here, whatever it is; a copy. */
  private RawRow value() throws IOException {
    int begin = bytes.line;
    boolean own = onlyBlanks && column <= MOST_INDENT;
    Place place =
        own ? Place.line(name, begin) : new Place(name, begin, (int) Math.min(column + 1, MOST));
    row.clear();
    for (long i = own ? column : 0; i > 0; i--) {
      row.raw(' ');
    }
    int indent = row.size();
    onlyBlanks = false;
    int b = bytes.peek();
    if (b == '{' || b == '[' || b == '"') {
      enclosed(begin);
    } else {
      bare();
    }
    byte[] text = row.toArray();
    for (int i = indent; i < text.length; i++) {
      if (text[i] == '\n') {
        bytes.line++;
        column = 0;
      } else if ((text[i] & 0xC0) != 0x80) {
        column++; // Characters, not bytes.
      }
    }
    return new RawRow(place, text);
  }

  /** A list, an object or a text. */
  private void enclosed(int begin) throws IOException {
    int depth = 0;
    boolean inText = false;
    boolean escaped = false;
    while (true) {
      if (!bytes.more()) {
        throw cut(around == Around.NOTHING ? "the object" : "the row", begin);
      }
      byte[] from = bytes.buffer;
      int end = bytes.end;
      int i = bytes.at;
      boolean whole = false;
      while (i < end && !whole) {
        byte b = from[i++];
        if (inText) {
          if (escaped) {
            escaped = false;
          } else if (b == '\\') {
            escaped = true;
          } else if (b == '"') {
            inText = false;
            whole = depth == 0;
          }
        } else if (b == '"') {
          inText = true;
        } else if (b == '{' || b == '[') {
          depth++;
        } else if (b == '}' || b == ']') {
          depth--;
          whole = depth == 0;
        }
      }
      row.raw(from, bytes.at, i);
      bytes.at = i;
      if (whole) {
        return;
      }
      if (row.size() > RowBytes.MOST_BYTES_OF_A_ROW) {
        throw bytes.tooLong(begin);
      }
    }
  }

  /** What is neither: whoever parses it says so. */
  private void bare() throws IOException {
    do {
      row.raw(bytes.buffer[bytes.at++]);
    } while (bytes.more() && " \t\r\n,:\"[]{}".indexOf(bytes.peek()) < 0);
  }

  /** Goes over blanks to the next byte; -1 at the end of the file. */
  private int afterBlanks() throws IOException {
    while (true) {
      int b = bytes.peek();
      if (b == '\n') {
        bytes.line++;
        column = 0;
        onlyBlanks = true;
      } else if (b == ' ' || b == '\t' || b == '\r') {
        column++;
      } else {
        return b;
      }
      bytes.at++;
    }
  }

  /** Goes over a bracket or a comma. */
  private void pass() throws IOException {
    if (bytes.more()) {
      bytes.at++;
      column++;
      onlyBlanks = false;
    }
  }

  private InputException wrong(String sentence) {
    return new InputException(
        new Place(name, bytes.line, (int) Math.min(column + 1, MOST)), sentence);
  }

  private InputException cut(String what) {
    return new InputException(
        Place.line(name, bytes.line),
        "the file ends before %s is closed; it was cut off, so copy it anew".formatted(what));
  }

  private InputException cut(String what, int begin) {
    return new InputException(
        Place.line(name, begin),
        "the file ends before %s that begins here is closed; it was cut off, so copy it anew, or a bracket or quote is missing"
            .formatted(what));
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
