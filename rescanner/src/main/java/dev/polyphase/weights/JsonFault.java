package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What is wrong with a text that a JSON parser refused. The parser's own words name its settings
 * and classes; this looks at the text anew and says what stands there.
 *
 * @param line 1-based
 * @param column 1-based, in characters; 0 where only the line is known
 * @param sentence what is wrong there and, where that is not plain, what to write; to follow a
 *     colon
 */
public record JsonFault(int line, int column, String sentence) {

  private static final Pattern POSITION = Pattern.compile(" of line ([0-9]+), column ([0-9]+)");

  /** Where a parser refuses what this finds nothing wrong with. */
  private static final JsonFault UNKNOWN =
      new JsonFault(0, 0, "something in it can't be read; have another program check it");

  /**
   * The first fault of a text.
   *
   * @param parser what refused it: its limits, and what it allows beyond the standard, count here
   */
  public static JsonFault in(String text, JsonFactory parser) {
    JsonSyntax syntax =
        new JsonSyntax(
            text,
            parser.streamReadConstraints(),
            parser.isEnabled(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS.mappedFeature()),
            parser.isEnabled(StreamReadFeature.STRICT_DUPLICATE_DETECTION));
    return syntax.firstFault().orElse(UNKNOWN);
  }

  /** The first fault of a text in UTF-8; that it is in no UTF-8 is one. */
  public static JsonFault in(byte[] utf8, JsonFactory parser) {
    Optional<JsonFault> encoding = ofEncoding(utf8);
    return encoding.isPresent()
        ? encoding.get()
        : in(new String(utf8, StandardCharsets.UTF_8), parser);
  }

  /**
   * Whether bytes can only be text of two or four bytes a character, or no text. A parser of bytes
   * would guess an encoding; JSON in files is UTF-8.
   */
  static boolean isWide(byte[] bytes) {
    int first = bytes.length < 2 ? 0x2020 : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    boolean zero = false;
    for (int i = 0; i < Math.min(4, bytes.length); i++) {
      zero |= bytes[i] == 0;
    }
    return zero || first == 0xfeff || first == 0xfffe;
  }

  /** The first place that is no text in UTF-8. */
  private static Optional<JsonFault> ofEncoding(byte[] bytes) {
    if (isWide(bytes)) {
      return Optional.of(
          new JsonFault(1, 1, "it is no text, or text in UTF-16; JSON is text in UTF-8"));
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    if (!StandardCharsets.UTF_8.newDecoder().decode(in, out, true).isError()) {
      return Optional.empty();
    }
    String sound = out.flip().toString();
    String sentence = "the byte 0x%02X is not text in UTF-8; save the text in UTF-8";
    return Optional.of(at(sound, sound.length(), sentence.formatted(bytes[in.position()])));
  }

  /** A fault at an index of a text. */
  static JsonFault at(String text, int index, String sentence) {
    int line = 1;
    int lineStart = 0;
    for (int i = text.indexOf('\n'); i >= 0 && i < index; i = text.indexOf('\n', i + 1)) {
      line++;
      lineStart = i + 1;
    }
    int bom = lineStart == 0 && text.startsWith("\uFEFF") && index > 0 ? 1 : 0;
    return new JsonFault(line, 1 + text.codePointCount(lineStart, index) - bom, sentence);
  }

  /** That a file is no JSON, with the place. */
  public InputException of(Path file) {
    return new InputException(
        new Place(InputFile.name(file), line, column), "this is no JSON: " + sentence);
  }

  /**
   * That a part of a file is no JSON, with the place.
   *
   * @param start the line that the part begins in, and its column where it is not the first
   * @param subject what the part is, as {@code row}
   */
  public InputException from(Place start, String subject) {
    int before = Math.max(0, start.column() - 1);
    Place place =
        start.countsRows()
            ? start
            : new Place(
                start.file(),
                start.line() + Math.max(0, line - 1),
                column + (line <= 1 && column > 0 ? before : 0));
    String moved =
        POSITION
            .matcher(sentence)
            .replaceAll(found -> position(found, place.line(), start.line(), before));
    return new InputException(place, "this " + subject + " is no JSON: " + moved);
  }

  /** A position within the part, as one of the file: without the line where it is the fault's. */
  private static String position(MatchResult found, int faulty, int first, int before) {
    int there = Integer.parseInt(found.group(1));
    int at = Integer.parseInt(found.group(2)) + (there == 1 ? before : 0);
    int lineThere = first + there - 1;
    return lineThere == faulty
        ? " at column " + at
        : " of line %d, column %d".formatted(lineThere, at);
  }
}
