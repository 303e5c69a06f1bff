package dev.polyphase.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.UnreadableTextException;
import dev.polyphase.weights.JsonFault;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSONL file, which may be compressed by gzip: one JSON object a line, in UTF-8. Blank
 * lines are skipped. The file is streamed; a line must fit into memory.
 */
public final class JsonRows {
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  // The default limit of 20 million characters would refuse a long book.
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonRows() {}

  /** What is done with each row. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Takes one row.
     *
     * @throws InputException if the row is wrong
     */
    void row(JsonRow row) throws IOException;
  }

  /**
   * Reads a file from its first row to its last. What is wrong with a row, by this reader or by the
   * handler, is noted, and reading goes on.
   *
   * @throws InputException when too much is wrong, as {@link RowProblems#add} says
   */
  public static void read(Path file, RowProblems problems, Handler handler) throws IOException {
    String name = InputFile.name(file);
    try (RowFile rows = RowFile.open(file)) {
      int count = 0;
      for (byte[] line = rows.nextLine(); line.length > 0; line = rows.nextLine()) {
        if (isBlank(line)) {
          continue;
        }
        count++;
        try {
          Place place = Place.line(name, rows.line());
          JsonRow row = new JsonRow(place, parse(line, place));
          try {
            handler.row(row);
          } catch (UnreadableTextException e) {
            throw row.wrong(String.valueOf(e.getMessage()));
          }
        } catch (InputException e) {
          problems.add(e);
        }
      }
      if (count == 0) {
        problems.add(
            new InputException(
                Place.in(name), "this file has no rows, and needs one JSON object a line"));
      }
    } catch (RowFile.UnreadableException e) {
      problems.add(e.problem());
    }
  }

  private static boolean isBlank(byte[] line) {
    for (byte b : line) {
      if (b != ' ' && b != '\t' && b != '\r' && b != '\n') {
        return false;
      }
    }
    return true;
  }

  private static ObjectNode parse(byte[] line, Place place) throws IOException {
    @Nullable JsonNode row;
    boolean moreFollows;
    try (JsonParser json = JSON.createParser(line)) {
      row = json.readValueAsTree();
      moreFollows = json.nextToken() != null;
    } catch (JsonProcessingException | CharConversionException e) {
      // The latter of bytes that the parser took for UTF-32.
      throw JsonFault.in(line, JSON.getFactory()).ofLine(place.file(), place.line(), "row");
    }
    if (moreFollows || !(row instanceof ObjectNode fields)) {
      String found = row == null ? "nothing" : JsonRow.kind(row);
      throw new InputException(
          place,
          "a row must be a JSON object on a line of its own, found "
              + found
              + (moreFollows ? " and more after it" : ""));
    }
    return fields;
  }
}
