package dev.polyphase.orchestrator.trackers;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The file {@code trackers.json} of a run: which runs of an MLflow server it and its phases are, so
 * that it goes on there when it is resumed.
 */
final class TrackedRuns {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MLFLOW = "mlflow";
  private static final String SERVER = "server";
  private static final String RUN = "run";
  private static final String PHASES = "phases";
  private static final String ID = "id";
  private static final String SETTINGS = "settings";

  private final Path file;
  private final ObjectNode mlflow;

  private TrackedRuns(Path file, ObjectNode mlflow) {
    this.file = file;
    this.mlflow = mlflow;
  }

  /**
   * A run of the server.
   *
   * @param settings the digest of the settings that it was told
   */
  record Known(String id, String settings) {}

  /** What a run's file has to say when nothing is known. */
  static TrackedRuns none(Path file, URI server) {
    return new TrackedRuns(
        file, JsonNodeFactory.instance.objectNode().put(SERVER, server.toString()));
  }

  /**
   * What a run's file has of a server; nothing where it is of another, or holds something else.
   *
   * @throws IOException where the file is there and can't be read
   */
  static TrackedRuns read(Path file, URI server) throws IOException {
    if (!Files.exists(file)) {
      return none(file, server);
    }
    JsonNode there;
    try {
      there = JSON.readTree(Files.readAllBytes(file)).path(MLFLOW);
    } catch (JacksonException e) {
      return none(file, server);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    boolean same = there.path(SERVER).asText().equals(server.toString());
    return same && there instanceof ObjectNode known
        ? new TrackedRuns(file, known)
        : none(file, server);
  }

  /** The run itself. */
  Optional<Known> run() {
    return known(mlflow.path(RUN));
  }

  /** A phase, by its name. */
  Optional<Known> phase(String name) {
    return known(mlflow.path(PHASES).path(name));
  }

  private static Optional<Known> known(JsonNode entry) {
    String id = entry.path(ID).asText();
    return MlflowServer.isRunId(id)
        ? Optional.of(new Known(id, entry.path(SETTINGS).asText()))
        : Optional.empty();
  }

  /** Remembers the run itself. */
  void putRun(Known run) throws IOException {
    // What is known of phases is of another run of the server.
    mlflow.remove(PHASES);
    put(mlflow, RUN, run);
  }

  /** Remembers a phase. */
  void putPhase(String name, Known run) throws IOException {
    put(mlflow.withObjectProperty(PHASES), name, run);
  }

  private void put(ObjectNode into, String name, Known run) throws IOException {
    into.putObject(name).put(ID, run.id()).put(SETTINGS, run.settings());
    ObjectNode root = JsonNodeFactory.instance.objectNode().set(MLFLOW, mlflow);
    AtomicFiles.writeString(
        file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
  }
}
