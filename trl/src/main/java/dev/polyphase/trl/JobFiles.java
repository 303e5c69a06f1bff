package dev.polyphase.trl;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.TensorSample;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What the driver is given: settings, names, rows in the order of the steps, and itself.
 *
 * @param read the phase
 * @param model what is trained of which model
 */
record JobFiles(ReadPhase read, ModelParts model, TrainingEngine engine) {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String DIGEST = "digest";
  private static final int NO_LOSS = -100;

  /** What may be another where a phase goes on: nothing of its result follows from these. */
  private static final List<String> NOT_OF_THE_RESULT =
      List.of("model", "device", "checkpoint_steps", "save_total_limit", "heartbeat_seconds");

  /** The program that the processes run. */
  static String driver() {
    try (InputStream in = JobFiles.class.getResourceAsStream("driver.py")) {
      if (in == null) {
        throw new IllegalStateException("driver.py is not in the program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The tensors to be trained, one a line. */
  static String names(ModelParts model) {
    return String.join("\n", new TreeSet<>(model.trained().tensors())) + "\n";
  }

  /**
   * Tells the job from others: what is trained on what, from which weights, and how. Of how it is
   * launched nothing is in it but the number of processes; places may be others too, and a later
   * driver, as a job goes on with the one that it began with.
   */
  String digest() throws IOException {
    MessageDigest digest = sha256();
    ObjectNode settings = JobSettings.of(read, model, engine).remove(NOT_OF_THE_RESULT);
    if (settings.get("dpo") instanceof ObjectNode dpo && dpo.path("reference").isTextual()) {
      // A run's state knows its files, and whether they are still the same.
      dpo.put("reference", "another model");
    }
    add(digest, settings.toString());
    add(digest, names(model));
    add(digest, read.rows().training().fingerprint());
    Objective heldOut = read.rows().heldOut();
    add(digest, heldOut == null ? "" : heldOut.fingerprint());
    for (TensorInfo tensor : model.checkpoint().tensors()) {
      add(digest, "%s %s %s".formatted(tensor.name(), tensor.type(), tensor.shape()));
      if (tensor.type().floating()) {
        for (float value : TensorSample.of(tensor)) {
          digest.update(ByteBuffer.allocate(Float.BYTES).putFloat(value).array());
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The digest of the job that is in a folder; empty where there is none that is complete. */
  static Optional<String> digestIn(EngineFolder folder) throws IOException {
    if (!Files.isRegularFile(folder.job())) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readTree(Files.readAllBytes(folder.job())).path(DIGEST).asText());
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** Writes them into a folder, which is there; {@code job.json} last. */
  void write(EngineFolder folder, String digest) throws IOException {
    AtomicFiles.writeString(folder.trainable(), names(model));
    AtomicFiles.writeString(folder.driver(), driver());
    AtomicFiles.write(folder.trainRows(), this::writeTraining);
    Objective heldOut = read.rows().heldOut();
    if (heldOut != null) {
      AtomicFiles.write(folder.evalRows(), out -> writeHeldOut(heldOut, out));
    }
    writeSettings(folder, digest);
  }

  /**
   * Writes {@code job.json} where it is not so already: by its settings a job begins or goes on.
   */
  void writeSettings(EngineFolder folder, String digest) throws IOException {
    ObjectNode job = JobSettings.of(read, model, engine);
    job.put(DIGEST, digest);
    String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(job) + "\n";
    if (!Files.isRegularFile(folder.job()) || !Files.readString(folder.job()).equals(text)) {
      AtomicFiles.writeString(folder.job(), text);
    }
  }

  private void writeTraining(OutputStream out) throws IOException {
    Objective training = read.rows().training();
    try (JsonGenerator json = lines(out)) {
      for (Step step : read.schedule()) {
        for (int batch = 0; batch < step.microBatches().size(); batch++) {
          for (int row : step.microBatches().get(batch)) {
            json.writeStartObject();
            json.writeNumberField("step", step.index());
            json.writeNumberField("batch", batch);
            write(json, training.contents(row));
            json.writeEndObject();
          }
        }
      }
    }
  }

  private void writeHeldOut(Objective heldOut, OutputStream out) throws IOException {
    int microBatchSize = read.request().phase().batch().microBatchSize();
    int rows = heldOut.tokensOfRow().length;
    try (JsonGenerator json = lines(out)) {
      for (int row = 0; row < rows; row++) {
        json.writeStartObject();
        json.writeNumberField("batch", row / microBatchSize);
        write(json, heldOut.contents(row));
        json.writeEndObject();
      }
    }
  }

  private static JsonGenerator lines(OutputStream out) throws IOException {
    JsonGenerator json = JSON.createGenerator(out);
    json.setRootValueSeparator(new SerializedString("\n"));
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    return json;
  }

  private void write(JsonGenerator json, List<ShownRow> rows) throws IOException {
    ShownRow first = rows.get(0);
    if (first instanceof ShownRow.Pair pair) {
      numbers(json, "prompt", pair.prompt());
      numbers(json, "chosen", pair.chosen());
      numbers(json, "rejected", pair.rejected());
      return;
    }
    List<ShownRow.Tokens> documents = rows.stream().map(ShownRow.Tokens.class::cast).toList();
    json.writeArrayFieldStart("ids");
    for (ShownRow.Tokens document : documents) {
      for (int id : document.ids()) {
        json.writeNumber(id);
      }
    }
    json.writeEndArray();
    json.writeArrayFieldStart("labels");
    for (ShownRow.Tokens document : documents) {
      int[] labels = document.labels();
      for (int t = 0; t < labels.length; t++) {
        // Nothing predicts a document's first token.
        json.writeNumber(t == 0 ? NO_LOSS : labels[t]);
      }
    }
    json.writeEndArray();
    if (read.request().phase().batch().samplePacking()) {
      numbers(json, "lengths", documents.stream().mapToInt(one -> one.ids().length).toArray());
    }
  }

  private static void numbers(JsonGenerator json, String name, int[] values) throws IOException {
    json.writeFieldName(name);
    json.writeArray(values, 0, values.length);
  }

  private static void add(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
