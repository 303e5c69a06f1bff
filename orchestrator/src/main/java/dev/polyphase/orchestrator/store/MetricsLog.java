package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The rows of {@code metrics.jsonl}, as they come. One that can't be written waits in memory, and
 * never ends what it tells of.
 */
public final class MetricsLog implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final JsonLines lines;
  private final Consumer<String> notes;
  private final List<ObjectNode> rows = new ArrayList<>();

  /** Of each row where it ends in the file, in bytes, be it written or not. */
  private final List<Integer> ends = new ArrayList<>();

  /** Whether the rows are those that count; before, the file has those of an earlier attempt. */
  private boolean begun;

  private MetricsLog(Path file, Consumer<String> notes) {
    this.file = file;
    this.lines = new JsonLines(file, notes);
    this.notes = notes;
  }

  /**
   * The log of a phase. Rows of an earlier attempt go with the first row that is added, but for
   * those that are kept by then.
   *
   * @param notes is told, in a sentence each, what can't be written, or was lost
   */
  public static MetricsLog of(PhaseFolder phase, Consumer<String> notes) {
    MetricsLog log = new MetricsLog(phase.metricsJsonl(), notes);
    log.lines.keepOnly(0);
    return log;
  }

  /**
   * Keeps the first rows of an earlier attempt, or as many of them as are there; once rows were
   * kept or added, of those.
   *
   * @throws IOException where the file can't be read
   */
  public void keepFirst(long count) throws IOException {
    int end = end();
    if (begun) {
      int kept = (int) Math.min(count, rows.size());
      rows.subList(kept, rows.size()).clear();
      ends.subList(kept, ends.size()).clear();
      lines.takeBack(end - end());
    } else {
      begun = true;
      read(file, count, rows, ends);
      lines.keepOnly(end());
    }
    lines.cutNow();
    if (rows.size() < count) {
      notes.accept(
          "%s has %d of the %d rows of the steps that are not taken again; the others are lost"
              .formatted(file, rows.size(), count));
    }
  }

  private int end() {
    return ends.isEmpty() ? 0 : ends.get(ends.size() - 1);
  }

  /**
   * How many of the first of some rows the file of an earlier attempt has: those whose lines are
   * equal, byte by byte.
   *
   * @throws IOException where the file can't be read
   */
  public long inCommon(List<MetricsRow> some) throws IOException {
    byte[] there = bytes(file);
    int from = 0;
    int common = 0;
    for (MetricsRow row : some) {
      byte[] line = JsonLines.bytes(line(row));
      int to = from + line.length;
      if (to > there.length || !Arrays.equals(there, from, to, line, 0, line.length)) {
        break;
      }
      from = to;
      common++;
    }
    return common;
  }

  /** The rows of a phase as they are in its file, but for half of one at its end. */
  public static List<ObjectNode> read(PhaseFolder phase) throws IOException {
    List<ObjectNode> rows = new ArrayList<>();
    read(phase.metricsJsonl(), Long.MAX_VALUE, rows, new ArrayList<>());
    return rows;
  }

  /** Reads the first rows of a file, and where each of them ends. */
  private static void read(Path file, long count, List<ObjectNode> rows, List<Integer> ends)
      throws IOException {
    byte[] bytes = bytes(file);
    int start = 0;
    boolean whole = true;
    // Half a line, as a killed process leaves at the end, has no end and is passed over.
    for (int i = 0; whole && rows.size() < count && i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        whole = addParsed(Arrays.copyOfRange(bytes, start, i), rows);
        if (whole) {
          start = i + 1;
          ends.add(start);
        }
      }
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return new byte[0];
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  private static boolean addParsed(byte[] line, List<ObjectNode> rows) throws IOException {
    try {
      return JSON.readTree(line) instanceof ObjectNode row && rows.add(row);
    } catch (JsonProcessingException | CharacterCodingException e) {
      return false;
    }
  }

  /** Adds a row; a figure that is not finite becomes null, since JSON has no other word for it. */
  public void add(MetricsRow row) {
    begun = true;
    ObjectNode line = line(row);
    rows.add(line);
    ends.add(end() + JsonLines.bytes(line).length);
    lines.add(line);
  }

  private static ObjectNode line(MetricsRow row) {
    ObjectNode line = JsonNodeFactory.instance.objectNode();
    row.values().forEach((name, value) -> put(line, name, value));
    return line;
  }

  static void put(ObjectNode line, String name, Number value) {
    if (value instanceof Long || value instanceof Integer) {
      line.put(name, value.longValue());
    } else if (Double.isFinite(value.doubleValue())) {
      line.put(name, value.doubleValue());
    } else {
      line.putNull(name);
    }
  }

  /** All rows so far, those that were kept among them. */
  public List<ObjectNode> rows() {
    return List.copyOf(rows);
  }

  /** How many rows, all of them the last, the file lacks. */
  public long waiting() {
    return lines.waiting();
  }

  /**
   * Writes the rows that wait; it may be asked for after the log was closed too.
   *
   * @throws IOException where they still have to
   */
  public void flush() throws IOException {
    lines.flush();
  }

  /** Lets go of the file, having tried once more. */
  @Override
  public void close() {
    lines.close();
  }
}
