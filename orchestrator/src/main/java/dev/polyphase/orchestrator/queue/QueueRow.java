package dev.polyphase.orchestrator.queue;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.processes.ProcessMark;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table {@code queue}: what everybody may know of a queued run, and what only those
 * need who start it.
 *
 * @param run what everybody may know
 * @param folder the folder that the pipeline's paths are relative to
 * @param yaml the pipeline's text as it was submitted
 * @param sets what replaces its settings
 * @param output the folder of runs
 * @param asked the devices that it asks for, as the pipeline has them
 * @param failures how often it failed at what can pass since it was submitted or resumed
 * @param wish what is to become of it when its process has ended; null for what the process says
 * @param signalled whether its process was asked to stop
 * @param owner the worker that runs it; or null
 * @param process its process; null where none was started, or it is not known
 * @param child what it and its process tell each other by; null where none was started
 */
record QueueRow(
    QueuedRun run,
    Path folder,
    String yaml,
    List<String> sets,
    Path output,
    List<String> asked,
    int failures,
    @Nullable Wish wish,
    boolean signalled,
    @Nullable String owner,
    @Nullable ProcessMark process,
    @Nullable ChildFolder child) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String COMMA = ",";

  QueueRow {
    sets = List.copyOf(sets);
    asked = List.copyOf(asked);
  }

  /** What is to become of a run whose process was asked to stop. */
  enum Wish {
    /** It is stopped, to be resumed by its user. */
    STOP,
    /** It is taken out. */
    CANCEL,
    /** It waits: its worker goes. */
    WAIT
  }

  static QueueRow of(ResultSet row) throws SQLException {
    List<String> asked = devices(requireNonNull(row.getString("asked")));
    @Nullable String device = row.getString("device");
    @Nullable String wish = row.getString("wish");
    return new QueueRow(
        new QueuedRun(
            row.getLong("number"),
            row.getString("name"),
            Path.of(row.getString("pipeline")),
            Path.of(row.getString("run")),
            QueuedRun.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
            row.getInt("priority"),
            Rows.number(row, "follows"),
            device != null ? device : asked.equals(List.of("auto")) ? null : list(asked),
            row.getInt("attempts"),
            Rows.time(row, "not_before"),
            row.getString("message"),
            Rows.number(row, "pid"),
            requireNonNull(Rows.time(row, "submitted")),
            Rows.time(row, "started"),
            Rows.time(row, "ended")),
        Path.of(row.getString("folder")),
        row.getString("yaml"),
        sets(row.getString("sets")),
        Path.of(row.getString("output")),
        asked,
        row.getInt("failures"),
        wish == null ? null : Wish.valueOf(wish),
        row.getBoolean("signalled"),
        row.getString("owner"),
        process(row),
        row.getString("child") == null ? null : new ChildFolder(Path.of(row.getString("child"))));
  }

  private static @Nullable ProcessMark process(ResultSet row) throws SQLException {
    @Nullable String place = row.getString("place");
    @Nullable Long pid = Rows.number(row, "pid");
    @Nullable Long start = Rows.number(row, "pid_start");
    return place == null || pid == null || start == null
        ? null
        : new ProcessMark(place, pid, start);
  }

  /** A list of devices as the table has it. */
  static String list(List<String> devices) {
    return String.join(COMMA, devices);
  }

  static List<String> devices(String list) {
    return Arrays.stream(list.split(COMMA)).filter(device -> !device.isEmpty()).toList();
  }

  /** Settings as the table has them. */
  static String json(List<String> sets) {
    try {
      return JSON.writeValueAsString(sets);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static List<String> sets(String json) throws SQLException {
    try {
      return Arrays.asList(JSON.readValue(json, String[].class));
    } catch (JsonProcessingException e) {
      throw new SQLException("settings in the queue that are no list: " + json, e);
    }
  }

  /** The digest of a run's folder, which is short enough for a key. */
  static String digest(Path run) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(digest.digest(run.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** A word of a state as the table has it. */
  static String word(QueuedRun.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  /** Several, for a condition. */
  static String words(QueuedRun.State... states) {
    return Arrays.stream(states)
        .map(state -> "'" + word(state) + "'")
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
