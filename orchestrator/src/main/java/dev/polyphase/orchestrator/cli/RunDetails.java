package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.IndexedCheckpoint;
import dev.polyphase.orchestrator.index.IndexedPhase;
import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.queue.QueueJson;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All about a run, for people and for scripts.
 *
 * @param run the run
 * @param phases its phases
 * @param figures what each of them has come to, in the same order
 * @param checkpoints the weights that it has left
 * @param queued its latest place in the queue, where it was submitted
 */
record RunDetails(
    IndexedRun run,
    List<IndexedPhase> phases,
    List<PhaseFigures> figures,
    List<IndexedCheckpoint> checkpoints,
    Optional<QueuedRun> queued) {
  private static final String STEPS = "steps";

  RunDetails {
    phases = List.copyOf(phases);
    figures = List.copyOf(figures);
    checkpoints = List.copyOf(checkpoints);
  }

  /** With what the metrics in its folder say. */
  static RunDetails of(
      IndexedRun run,
      List<IndexedPhase> phases,
      List<IndexedCheckpoint> checkpoints,
      Optional<QueuedRun> queued)
      throws IOException {
    List<PhaseFigures> figures = new ArrayList<>();
    for (IndexedPhase phase : phases) {
      figures.add(
          PhaseFigures.read(new RunFolder(run.folder()).phase(phase.place(), phase.name())));
    }
    return new RunDetails(run, phases, figures, checkpoints, queued);
  }

  /** A page of lines. */
  String text() {
    StringBuilder text = new StringBuilder();
    line(text, "run", run.name());
    line(text, "id", run.id());
    line(text, "folder", run.folder().toString());
    line(text, "status", RunsCommand.status(run) + (run.alive() ? ", a process works on it" : ""));
    line(text, "message", run.message());
    line(text, "started", time(run.started()));
    line(text, "updated", time(run.updated()));
    queued.ifPresent(entry -> line(text, "queue", words(entry)));
    if (phases.isEmpty()) {
      return text.toString();
    }
    TextTable table = new TextTable("phase", "type", "status", STEPS, "tokens", "loss");
    for (int i = 0; i < phases.size(); i++) {
      IndexedPhase phase = phases.get(i);
      table.row(
          phase.name(),
          phase.type(),
          word(phase.status()),
          cell(figures.get(i).steps()),
          cell(figures.get(i).tokens()),
          figures.get(i).loss() == null ? "" : "%.4f".formatted(figures.get(i).loss()));
    }
    text.append('\n').append(table.text());
    addHeldOut(text);
    addCheckpoints(text);
    return text.toString();
  }

  private static void line(StringBuilder text, String key, @Nullable String value) {
    if (value != null) {
      text.append("%-9s%s\n".formatted(key, PlainText.of(value)));
    }
  }

  private static String words(QueuedRun entry) {
    return "%d, %s%s"
        .formatted(
            entry.number(),
            entry.state().name().toLowerCase(Locale.ROOT),
            entry.message() == null ? "" : ": " + entry.message());
  }

  private static @Nullable String time(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }

  private static String word(PhaseState.Status status) {
    return status.name().toLowerCase(Locale.ROOT);
  }

  private static Object cell(@Nullable Object value) {
    return value == null ? "" : value;
  }

  private void addHeldOut(StringBuilder text) {
    if (figures.stream().allMatch(of -> of.heldOut().isEmpty())) {
      return;
    }
    TextTable table = new TextTable("held out", "phase", "first", "latest");
    for (int i = 0; i < phases.size(); i++) {
      String phase = phases.get(i).name();
      figures
          .get(i)
          .heldOut()
          .forEach(
              figure ->
                  table.row(
                      figure.name(),
                      phase,
                      "%.4f".formatted(figure.first()),
                      figure.latest() == null ? "" : "%.4f".formatted(figure.latest())));
    }
    text.append('\n').append(table.text());
  }

  private void addCheckpoints(StringBuilder text) {
    if (checkpoints.isEmpty()) {
      return;
    }
    text.append('\n');
    for (IndexedCheckpoint checkpoint : checkpoints) {
      text.append(
          "%s of phase %s after %d steps: %s\n"
              .formatted(
                  checkpoint.training() ? "training checkpoint" : "model",
                  phases.get(checkpoint.phase()).name(),
                  checkpoint.step(),
                  PlainText.of(checkpoint.folder().toString())));
    }
  }

  /** One line. */
  String json() {
    ObjectNode object = RunsCommand.json(run);
    ArrayNode list = object.putArray("phase_list");
    for (int i = 0; i < phases.size(); i++) {
      list.add(json(phases.get(i), figures.get(i)));
    }
    if (queued.isPresent()) {
      object.set("queue", QueueJson.of(queued.get()));
    } else {
      object.putNull("queue");
    }
    return object + "\n";
  }

  private ObjectNode json(IndexedPhase phase, PhaseFigures of) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("name", phase.name())
            .put("type", phase.type())
            .put("status", word(phase.status()))
            .put(STEPS, of.steps())
            .put("tokens", of.tokens())
            .put("loss", of.loss())
            .put("trained_values", phase.trainedValues())
            .put("seconds", phase.seconds());
    ArrayNode heldOut = node.putArray("held_out");
    of.heldOut()
        .forEach(
            figure ->
                heldOut
                    .addObject()
                    .put("name", figure.name())
                    .put("first", figure.first())
                    .put("latest", figure.latest()));
    ArrayNode left = node.putArray("checkpoints");
    for (IndexedCheckpoint checkpoint :
        checkpoints.stream().filter(one -> one.phase() == phase.place()).toList()) {
      left.addObject()
          .put("step", checkpoint.step())
          .put("training", checkpoint.training())
          .put("folder", checkpoint.folder().toString());
    }
    return node;
  }
}
