package dev.polyphase.trl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.preparation.ReadPhase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a job has done so far, by its {@code progress.jsonl}: rows of metrics as the embedded
 * trainer makes them. The file only grows. An attempt that goes on from a checkpoint says so by a
 * line of its own, by which the rows of later steps that earlier attempts wrote count no more:
 * their steps are taken again.
 */
final class Progress {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  /** What is read at a time. */
  private static final int CHUNK = 1 << 16;

  private final EngineFolder folder;
  private final PhaseListener listener;
  private final StepCounts counts;
  private final long totalSteps;
  private final long heldOutRows;

  private final List<MetricsRow> rows = new ArrayList<>();
  private final List<Double> secondsOfRow = new ArrayList<>();
  private final StringBuilder half = new StringBuilder();
  private long position;
  private boolean live;
  private boolean changed;
  private boolean saved;

  /** Nothing read yet. */
  Progress(EngineFolder folder, ReadPhase read, PhaseListener listener) {
    this.folder = folder;
    this.listener = listener;
    Objective training = read.rows().training();
    this.counts = new StepCounts(read.schedule(), training.tokensOfRow());
    this.totalSteps = read.schedule().totalSteps();
    Objective heldOut = read.rows().heldOut();
    this.heldOutRows = heldOut == null ? 0 : heldOut.counts().pieces();
  }

  /**
   * Reads what was done before anyone watched from here, and hands on of it what an earlier process
   * did not.
   */
  void catchUp() throws IOException {
    read();
    if (!rows.isEmpty()) {
      int common = (int) listener.inCommon(List.copyOf(rows));
      listener.resumed(common == 0 ? 0 : rows.get(common - 1).step(), common);
      rows.subList(common, rows.size()).forEach(listener::metrics);
    }
    live = true;
  }

  /** Reads what is new, hands it on, and says whether there was anything. */
  boolean poll() throws IOException {
    changed = false;
    read();
    return changed;
  }

  /** Whether a checkpoint was completed since this was asked last. */
  boolean savedSince() {
    boolean since = saved;
    saved = false;
    return since;
  }

  /** Before a new attempt, which cuts off half a line that an earlier one left. */
  void forgetHalf() {
    position -= half.length();
    half.setLength(0);
  }

  /** The wall time of the steps that count. */
  double seconds() {
    return secondsOfRow.stream().mapToDouble(Double::doubleValue).sum();
  }

  private void read() throws IOException {
    try (FileChannel channel = FileChannel.open(folder.progress(), StandardOpenOption.READ)) {
      if (channel.size() < position) {
        // An attempt that others started has cut off half a line.
        forgetHalf();
      }
      ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
      for (int count = channel.read(buffer, position);
          count > 0;
          count = channel.read(buffer, position)) {
        position += count;
        // The driver writes ASCII alone.
        half.append(new String(buffer.array(), 0, count, StandardCharsets.US_ASCII));
        buffer.clear();
        takeLines();
      }
    } catch (NoSuchFileException e) {
      // The job is not so far.
    }
  }

  private void takeLines() throws IOException {
    for (int end = half.indexOf("\n"); end >= 0; end = half.indexOf("\n")) {
      String line = half.substring(0, end);
      half.delete(0, end + 1);
      take(parsed(line));
      changed = true;
    }
  }

  private JsonNode parsed(String line) throws IOException {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IOException("a line of %s is no JSON: %s".formatted(folder.progress(), line), e);
    }
  }

  private void take(JsonNode line) {
    switch (line.path("event").asText()) {
      case "start" -> begin(line);
      case "step" -> add(ofStep(line), line.path("seconds").asDouble());
      case "eval" -> add(ofEvaluation(line), 0);
      case "checkpoint" -> saved(line);
      default -> {
        // A driver of a later version may have more to say.
      }
    }
  }

  private void begin(JsonNode line) {
    long from = line.path("step").asLong();
    boolean had = !rows.isEmpty();
    // Of a phase that begins at its beginning the first evaluation is made again too.
    while (!rows.isEmpty() && (from == 0 || rows.get(rows.size() - 1).step() > from)) {
      rows.remove(rows.size() - 1);
      secondsOfRow.remove(secondsOfRow.size() - 1);
    }
    if (live) {
      if (had || from > 0) {
        listener.resumed(from, rows.size());
      }
      listener.note(inWords(line));
    }
  }

  private static String inWords(JsonNode line) {
    Map<String, String> versions = new TreeMap<>();
    line.path("versions")
        .properties()
        .forEach(e -> versions.put(e.getKey(), e.getValue().asText()));
    long processes = line.path("world_size").asLong();
    String sharding =
        switch (line.path("sharding").asText()) {
          case "fsdp2" -> ", the model dealt out to them (FSDP2)";
          case "ddp" -> ", each with the whole model (DDP)";
          default -> "";
        };
    return "attempt %d of the engine: %s on %s, %s%s; from step %,d"
        .formatted(
            line.path("attempt").asLong(),
            String.join(
                ", ",
                versions.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()),
            line.path("device").asText(),
            processes == 1 ? "one process" : processes + " processes",
            sharding,
            line.path("step").asLong());
  }

  private void add(MetricsRow row, double seconds) {
    rows.add(row);
    secondsOfRow.add(seconds);
    if (live) {
      listener.metrics(row);
    }
  }

  private MetricsRow ofStep(JsonNode line) {
    long index = line.path("step").asLong();
    counts.countTo(tokenStepBefore());
    long before = counts.tokens();
    counts.countTo(index);
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", index);
    values.put("epoch", counts.epoch());
    values.put("loss", line.path("loss").asDouble());
    values.put("grad_norm", line.path("grad_norm").asDouble());
    values.put("learning_rate", line.path("learning_rate").asDouble());
    values.put("num_tokens", counts.tokens());
    values.put(
        "tokens_per_second",
        (counts.tokens() - before) / Math.max(1e-9, line.path("seconds").asDouble()));
    line.path("figures").properties().forEach(e -> values.put(e.getKey(), e.getValue().asDouble()));
    return new MetricsRow(index, totalSteps, values);
  }

  /** The step of the last row of training. */
  private long tokenStepBefore() {
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (rows.get(i).values().containsKey("loss")) {
        return rows.get(i).step();
      }
    }
    return 0;
  }

  private MetricsRow ofEvaluation(JsonNode line) {
    long index = line.path("step").asLong();
    double seconds = line.path("seconds").asDouble();
    counts.countTo(index);
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", index);
    values.put("epoch", counts.epoch());
    values.put("eval_loss", line.path("loss").asDouble());
    line.path("figures")
        .properties()
        .forEach(e -> values.put("eval_" + e.getKey(), e.getValue().asDouble()));
    values.put("eval_runtime", seconds);
    values.put("eval_samples_per_second", heldOutRows / Math.max(1e-9, seconds));
    return new MetricsRow(index, totalSteps, values);
  }

  private void saved(JsonNode line) {
    saved = true;
    if (live) {
      listener.saved(
          new SavedCheckpoint(
              folder.checkpoints().resolve(line.path("folder").asText()),
              line.path("step").asLong(),
              line.path("bytes").asLong(),
              line.path("seconds").asDouble()));
    }
  }
}
