package dev.polyphase.phases.preparation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * A step whose update was not made.
 *
 * @param step its number
 * @param loss the mean over it
 * @param gradNorm the gradients' norm before clipping
 * @param microBatches its forward passes
 */
public record FailedStep(
    long step, double loss, double gradNorm, List<MicroBatchRows> microBatches) {

  /**
   * The rows of a forward pass.
   *
   * @param loss the mean over them
   * @param rows where each was read
   */
  public record MicroBatchRows(double loss, List<Place> rows) {}

  /**
   * Writes it as JSON. The standard has no word for what is not finite: such a number is a text
   * there, {@code "NaN"}, {@code "Infinity"} or {@code "-Infinity"}.
   */
  public void write(Path file) throws IOException {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("step", step);
    putNumber(json, "loss", loss);
    putNumber(json, "grad_norm", gradNorm);
    ArrayNode rows = json.putArray("rows");
    for (int i = 0; i < microBatches.size(); i++) {
      for (Place row : microBatches.get(i).rows()) {
        ObjectNode entry = rows.addObject();
        entry.put("file", row.file());
        entry.put("line", row.line());
        entry.put("micro_batch", i + 1);
        putNumber(entry, "micro_batch_loss", microBatches.get(i).loss());
      }
    }
    AtomicFiles.writeString(file, pretty(json));
  }

  /** The number of the step that such a file is of; empty where there is no such file. */
  public static OptionalLong stepOf(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(
          new ObjectMapper().readTree(Files.readAllBytes(file)).path("step").longValue());
    } catch (JsonProcessingException e) {
      return OptionalLong.empty();
    }
  }

  private static void putNumber(ObjectNode json, String key, double value) {
    if (Double.isFinite(value)) {
      json.put(key, value);
    } else {
      json.put(key, Double.toString(value));
    }
  }

  private static String pretty(ObjectNode json) throws JsonProcessingException {
    return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
  }
}
