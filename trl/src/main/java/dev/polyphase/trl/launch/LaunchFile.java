package dev.polyphase.trl.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.processes.ProcessMark;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The file {@code launch.json} of an engine folder: what was launched, by which a later process
 * finds it. It is written before the job is started, so that none is ever lost, and again when the
 * job has a number.
 */
record LaunchFile(Path engineFolder) {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String ATTEMPT = "attempt";
  private static final String LAUNCH = "launch";
  private static final String ID = "id";
  private static final String HOST = "host";
  private static final String PLACE = "place";
  private static final String PID = "pid";
  private static final String START = "start";
  private static final String CANCEL = "cancel";
  private static final String SEAL = "cancel_seal";
  private static final String NAME = "name";
  private static final String NUMBER = "number";
  private static final String CLUSTER = "cluster";

  private static final String LOCAL = "local";
  private static final String SLURM = "slurm";
  private static final String COMMAND = "command";

  static LaunchFile of(Path engineFolder) {
    return new LaunchFile(engineFolder.toAbsolutePath().normalize());
  }

  Path file() {
    return engineFolder.resolve("launch.json");
  }

  void write(Job job) throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put(ATTEMPT, job.attempt());
    if (job instanceof LocalJob local) {
      node.put(LAUNCH, LOCAL);
      put(node, local.process());
    } else if (job instanceof CommandJob command) {
      node.put(LAUNCH, COMMAND);
      put(node, command.process());
      if (command.cancelLine().isPresent()) {
        String line = command.cancelLine().get();
        node.put(CANCEL, line);
        node.put(SEAL, CancelSeal.of(line, command.programs()));
      }
    } else if (job instanceof SlurmJob slurm) {
      node.put(LAUNCH, SLURM);
      node.put(NAME, slurm.name());
      slurm
          .number()
          .ifPresent(
              number -> {
                node.put(NUMBER, number.job());
                number.cluster().ifPresent(cluster -> node.put(CLUSTER, cluster));
              });
    }
    AtomicFiles.writeString(file(), node.toPrettyString() + "\n");
  }

  private static void put(ObjectNode node, DetachedProcess process) {
    node.put(ID, process.id());
    node.put(HOST, process.host());
    node.put(PLACE, process.mark().place());
    node.put(PID, process.mark().pid());
    node.put(START, process.mark().start());
  }

  Optional<Job> read(Programs programs) throws IOException {
    if (!Files.exists(file())) {
      return Optional.empty();
    }
    ObjectNode node = JsonFile.object(file());
    int attempt = (int) number(node, ATTEMPT);
    return Optional.of(
        switch (text(node, LAUNCH)) {
          case LOCAL -> new LocalJob(engineFolder, attempt, process(node));
          case SLURM ->
              new SlurmJob(
                  engineFolder,
                  attempt,
                  text(node, NAME),
                  optional(node, NUMBER).map(job -> new SlurmJob.Id(job, optional(node, CLUSTER))),
                  programs);
          case COMMAND ->
              new CommandJob(
                  engineFolder, attempt, process(node), cancelLine(node, programs), programs);
          default -> throw wrong(LAUNCH, node.path(LAUNCH));
        });
  }

  /** The line that ends the job, where it is this user's own. */
  private static Optional<String> cancelLine(ObjectNode node, Programs programs)
      throws IOException {
    Optional<String> line = optional(node, CANCEL);
    return line.isPresent()
            && CancelSeal.fits(optional(node, SEAL).orElse(""), line.get(), programs)
        ? line
        : Optional.empty();
  }

  private DetachedProcess process(ObjectNode node) {
    return new DetachedProcess(
        text(node, ID),
        text(node, HOST),
        new ProcessMark(text(node, PLACE), number(node, PID), number(node, START)));
  }

  private String text(ObjectNode node, String key) {
    JsonNode value = node.path(key);
    if (!value.isTextual()) {
      throw wrong(key, value);
    }
    return value.textValue();
  }

  private static Optional<String> optional(ObjectNode node, String key) {
    return Optional.ofNullable(node.path(key).textValue());
  }

  private long number(ObjectNode node, String key) {
    JsonNode value = node.path(key);
    if (!value.isIntegralNumber()) {
      throw wrong(key, value);
    }
    return value.longValue();
  }

  private InputException wrong(String key, JsonNode value) {
    return new InputException(
        Place.in(file().toString()),
        "%s is %s, which no launch writes; make sure that no job of this folder runs, then remove the file"
            .formatted(key, value.isMissingNode() ? "missing" : JsonFile.shown(value)));
  }
}
