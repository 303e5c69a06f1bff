package dev.polyphase.phases.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.tokens.UnreadableTextException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.CharConversionException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSONL file, which may be compressed ({@code .gz}): one JSON object a line, in UTF-8.
 * Blank lines are skipped. The file is streamed; a line must fit into memory.
 */
public final class JsonRows {
  private static final int BUFFER_BYTES = 1 << 16;

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
    try (InputStream in = open(file)) {
      int line = 0;
      int rows = 0;
      for (byte[] bytes = nextLine(in); bytes.length > 0; bytes = nextLine(in)) {
        line++;
        if (isBlank(bytes)) {
          continue;
        }
        rows++;
        try {
          Place place = Place.line(file.toString(), line);
          JsonRow row = new JsonRow(place, parse(bytes, place));
          try {
            handler.row(row);
          } catch (UnreadableTextException e) {
            throw row.wrong(String.valueOf(e.getMessage()));
          }
        } catch (InputException e) {
          problems.add(e);
        }
      }
      if (rows == 0) {
        problems.add(
            new InputException(
                Place.in(file.toString()),
                "this file has no rows, and needs one JSON object a line"));
      }
    } catch (NoSuchFileException e) {
      problems.add(new InputException(Place.in(file.toString()), "there is no such file"));
    } catch (ZipException | EOFException e) {
      problems.add(
          new InputException(
              Place.in(file.toString()),
              "this file is no whole gzip file: " + e.getMessage() + "; compress it anew"));
    }
  }

  private static InputStream open(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    if (!file.toString().endsWith(".gz")) {
      return new BufferedInputStream(in, BUFFER_BYTES);
    }
    try {
      return new BufferedInputStream(new GZIPInputStream(in, BUFFER_BYTES), BUFFER_BYTES);
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /** The bytes up to and with the next line feed; none at the end of the file. */
  private static byte[] nextLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0; next = in.read()) {
      line.write(next);
      if (next == '\n') {
        break;
      }
    }
    return line.toByteArray();
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
    } catch (JsonProcessingException e) {
      throw new InputException(place, "this row is no JSON: " + e.getOriginalMessage());
    } catch (CharConversionException e) {
      // Bytes that the parser took for UTF-32, as in a binary file.
      throw new InputException(place, "this row is no JSON: it is not text in UTF-8");
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
