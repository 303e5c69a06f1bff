package dev.polyphase.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.polyphase.data.JsonValueRows.Around;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFault;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tells by the first bytes of a file how its rows are read; by its name where these could be of
 * several types, as a single column of CSV could be text.
 */
final class FileKind {
  private static final String PARQUET = "PAR1";
  private static final String ARROW_FILE = "ARROW1\0\0";
  private static final String ARROW_STREAM = "\u00ff\u00ff\u00ff\u00ff";

  /** Entries of an object around all rows; a row of their name has no list of objects in it. */
  private static final Set<String> AROUND_ROWS =
      Set.of("data", "rows", "examples", "instances", "records");

  private static final List<Character> SEPARATORS = List.of('\t', ',', ';', '|');
  private static final Pattern COLUMN =
      Pattern.compile("\"?[\\p{L}_][^\\s\"]*( [^\\s\"]+){0,2}\"?");
  private static final int LINES_TRIED = 3;
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final RowBytes bytes;
  private final String name;
  private final String text;

  /** Whether the head is the whole file. */
  private final boolean whole;

  private final List<String> lines;

  private FileKind(RowBytes bytes, byte[] head) {
    this.bytes = bytes;
    this.name = Compression.without(bytes.name().toLowerCase(Locale.ROOT));
    this.text = new String(head, UTF_8).replaceFirst("^\uFEFF", "").stripLeading();
    this.whole = head.length < RowBytes.HEAD_BYTES;
    this.lines = text.lines().filter(line -> !line.isBlank()).limit(LINES_TRIED).toList();
  }

  /**
   * The rows of a file.
   *
   * @param where which of them, as a condition in SQL
   * @throws InputException if it is of a type that is not read, or none that has conditions
   */
  static RowFile rows(RowBytes bytes, Optional<String> where) throws IOException {
    byte[] head = bytes.head();
    String latin1 = new String(head, ISO_8859_1);
    if (latin1.startsWith(PARQUET)) {
      return parquet(bytes, where);
    }
    if (latin1.startsWith(ARROW_FILE) || latin1.startsWith(ARROW_STREAM)) {
      ArrowRows rows = new ArrowRows(bytes, latin1.startsWith(ARROW_FILE));
      return where.isPresent()
          ? new ChosenRows(rows, bytes.name(), rows.types(), where.get())
          : rows;
    }
    Optional<ForeignFile> foreign = ForeignFile.ofBytes(latin1);
    if (foreign.isPresent()) {
      throw foreign.get().refused(bytes);
    }
    FileKind kind = new FileKind(bytes, head);
    Optional<Character> separator = kind.separator();
    if (separator.isPresent()) {
      TableRows rows = new TableRows(bytes, separator.get());
      return where.isPresent() ? ChosenRows.ofTexts(rows, bytes.name(), where.get()) : rows;
    }
    RowFile rows = kind.plainRows();
    if (where.isPresent()) {
      throw new InputException(
          Place.in(bytes.name()),
          "where: a condition is for files of Parquet, CSV and Arrow, and this is none; leave it out");
    }
    return rows;
  }

  /** Its end says where its parts lie: it can't be read from its beginning. */
  private static RowFile parquet(RowBytes bytes, Optional<String> where) throws IOException {
    Optional<Compression> packed = bytes.compression();
    if (packed.isPresent() || InputFile.isStream(bytes.file())) {
      throw new InputException(
          Place.in(bytes.name()),
          packed
              .map(
                  by ->
                      "this %s file holds a Parquet file, which is compressed within; decompress it"
                          .formatted(by.word()))
              .orElse("a Parquet file can't be read from a stream; name the file"));
    }
    bytes.close();
    return new ParquetRows(bytes.file(), where);
  }

  private RowFile plainRows() {
    return switch (text.isEmpty() ? '{' : text.charAt(0)) {
      case '{' -> objects();
      case '[' -> list();
      default -> otherText();
    };
  }

  private RowFile otherText() {
    String start = text.substring(0, Math.min(20, text.length())).toLowerCase(Locale.ROOT);
    boolean page = start.startsWith("<!doctype html") || start.startsWith("<html");
    if (named(".txt") && !page) {
      return new LineRows(bytes, false);
    }
    if (text.startsWith("<") || !linesOfJson()) {
      throw ForeignFile.ofText(text).refused(bytes);
    }
    return new LineRows(bytes, true);
  }

  private RowFile list() {
    String inside = text.substring(1).stripLeading();
    boolean severalLists = lines.size() > 1 && isJson(lines.get(0));
    if (!severalLists
        && (inside.isEmpty() || "{[]\"-0123456789tfn".indexOf(inside.charAt(0)) >= 0)) {
      boolean prose = named(".txt") && !inside.startsWith("{") && !inside.startsWith("]");
      if (!prose) {
        return new JsonValueRows(bytes, Around.LIST);
      }
    }
    return new LineRows(bytes, !named(".txt") || isJson(lines.get(0)));
  }

  private RowFile objects() {
    if (text.isEmpty() || (isJson(lines.get(0)) && lines.size() > 1)) {
      return new LineRows(bytes, true);
    }
    boolean rowsWithin = false;
    boolean overLines = lines.get(0).strip().equals("{");
    try (JsonParser json = JSON.createParser(text)) {
      json.nextToken();
      if (json.nextToken() == JsonToken.FIELD_NAME) {
        rowsWithin =
            AROUND_ROWS.contains(json.currentName())
                && json.nextToken() == JsonToken.START_ARRAY
                && json.nextToken() == JsonToken.START_OBJECT;
      }
      while (!json.getParsingContext().inRoot() && json.nextToken() != null) {}
      overLines = json.currentLocation().getLineNr() > 1;
    } catch (JsonProcessingException e) {
      @Nullable JsonLocation place = e.getLocation(); // at too deep a nesting there is none
      boolean goesOn = place != null && place.getCharOffset() >= text.stripTrailing().length();
      rowsWithin &= goesOn;
      overLines = goesOn && (overLines || ((!whole || rowsWithin) && place.getLineNr() > 1));
    } catch (IOException e) {
      throw new AssertionError("a text in memory does not fail to be read", e);
    }
    if (rowsWithin && (overLines || lines.size() == 1)) {
      return new JsonValueRows(bytes, Around.LIST_IN_OBJECT);
    }
    if (overLines) {
      return new JsonValueRows(bytes, Around.NOTHING);
    }
    return new LineRows(bytes, !named(".txt") || isJson(lines.get(0)));
  }

  /** What parts the fields of a table, if this is one. */
  private Optional<Character> separator() {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String first = lines.get(0);
    boolean jsonAtFirst = "{[".indexOf(text.charAt(0)) >= 0;
    if (named(".tsv") && !(jsonAtFirst && isJson(first))) {
      return Optional.of('\t');
    }
    if (named(".csv") && !(jsonAtFirst && isJson(first))) {
      return Optional.of(mostFrequent(first));
    }
    if (jsonAtFirst || text.startsWith("<") || named(".txt") || linesOfJson()) {
      return Optional.empty();
    }
    for (char separator : SEPARATORS) {
      List<String> columns = Arrays.asList(first.split(Pattern.quote("" + separator), -1));
      boolean table =
          columns.size() > 1
              && columns.stream().allMatch(column -> COLUMN.matcher(column).matches())
              && lines.stream().allMatch(line -> line.indexOf(separator) >= 0);
      if (table) {
        return Optional.of(separator);
      }
    }
    return Optional.empty();
  }

  /** The comma, unless another one stands more often in the first line, without quoted fields. */
  private static char mostFrequent(String first) {
    String unquoted = first.replaceAll("\"[^\"]*\"", "");
    char most = ',';
    for (char separator : SEPARATORS) {
      if (count(unquoted, separator) > count(unquoted, most)) {
        most = separator;
      }
    }
    return most;
  }

  private static long count(String line, char separator) {
    return line.chars().filter(c -> c == separator).count();
  }

  private boolean linesOfJson() {
    return isJson(lines.get(0)) || lines.stream().anyMatch(line -> line.startsWith("{"));
  }

  private boolean named(String ending) {
    return name.endsWith(ending);
  }

  private static boolean isJson(String line) {
    return JsonFault.in(line, JSON).line() == 0;
  }
}
