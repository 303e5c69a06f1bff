package dev.polyphase.orchestrator.trackers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.store.MetricsLog;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.trackers.MlflowFailure.Kind;
import dev.polyphase.orchestrator.trackers.MlflowServer.Figure;
import dev.polyphase.orchestrator.trackers.TrackedRuns.Known;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.pipelines.Pipeline;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The runs of an MLflow server that a run and its phases are: found again or made when they are
 * needed first. What fails may be asked for again, and goes on where it was. For one thread.
 */
final class RunsOnServer {
  private static final String RUNNING = "RUNNING";
  private static final String STEP = "step";

  /**
   * A phase.
   *
   * @param index its place in the pipeline
   * @param began when it began, or went on
   */
  record TrackedPhase(int index, String name, Instant began) {}

  /**
   * A row of figures.
   *
   * @param time when it was
   */
  record Row(TrackedPhase phase, Instant time, MetricsRow row) {
    /** What it says of its step; that of the epoch steps alone, or some would have it twice. */
    Map<String, Number> figures() {
      Map<String, Number> figures = new LinkedHashMap<>(row.values());
      figures.remove(STEP);
      if (!row.values().containsKey("loss")) {
        figures.remove("epoch");
      }
      return figures;
    }
  }

  private final MlflowServer server;
  private final URI address;
  private final Pipeline pipeline;
  private final RunFolder folder;
  private final Consumer<String> warnings;
  private final Map<String, OnServer> phases = new HashMap<>();
  private @Nullable TrackedRuns tracked;
  private @Nullable String experiment;
  private @Nullable OnServer run;

  /** A run that the server has. */
  private static final class OnServer {
    private final String id;

    /** The last step of each figure that it has. */
    private final Map<String, Long> lastSteps;

    /** Those that are still to be sent. */
    private List<Map.Entry<String, String>> settings;

    OnServer(String id, Map<String, Long> lastSteps, List<Map.Entry<String, String>> settings) {
      this.id = id;
      this.lastSteps = new HashMap<>(lastSteps);
      this.settings = settings;
    }
  }

  RunsOnServer(
      MlflowServer server,
      URI address,
      Pipeline pipeline,
      RunFolder folder,
      Consumer<String> warnings) {
    this.server = server;
    this.address = address;
    this.pipeline = pipeline;
    this.folder = folder;
    this.warnings = warnings;
  }

  /** Has the server know of the run. */
  void begin(Instant time) throws MlflowFailure, InterruptedException {
    run(time);
  }

  /** Has it know of a phase. */
  void begin(TrackedPhase phase) throws MlflowFailure, InterruptedException {
    of(phase);
  }

  /**
   * Adds rows of figures of one phase; what it has of them from the time before the phase went back
   * to a checkpoint it is not told twice.
   */
  void log(List<Row> rows) throws MlflowFailure, InterruptedException {
    OnServer child = of(rows.get(0).phase());
    List<Figure> figures = new ArrayList<>();
    for (Row row : rows) {
      long step = row.row().step();
      row.figures()
          .forEach(
              (name, value) -> {
                String key = TrackedSettings.key(name);
                if (child.lastSteps.getOrDefault(key, -1L) < step) {
                  figures.add(new Figure(key, value, row.time(), step));
                }
              });
    }
    for (int from = 0; from < figures.size(); from += MlflowServer.MOST_FIGURES) {
      List<Figure> some =
          figures.subList(from, Math.min(figures.size(), from + MlflowServer.MOST_FIGURES));
      server.logFigures(child.id, some);
      // A phase may go back to a checkpoint while it is trained.
      some.forEach(figure -> child.lastSteps.merge(figure.key(), figure.step(), Math::max));
    }
  }

  /**
   * The rows of a phase up to a step, as its {@code metrics.jsonl} has them: a process that was
   * killed may have told the server less. When they were is not known any more.
   */
  List<Row> kept(TrackedPhase phase, long step, Instant now) {
    List<Row> rows = new ArrayList<>();
    try {
      for (ObjectNode line : MetricsLog.read(folder.phase(phase.index(), phase.name()))) {
        if (line.path(STEP).asLong() <= step) {
          rows.add(new Row(phase, now, row(line)));
        }
      }
    } catch (IOException e) {
      warnings.accept(e.getMessage() + "; MLflow is told what comes from now on");
    }
    return rows;
  }

  private static MetricsRow row(ObjectNode line) {
    Map<String, Number> values = new LinkedHashMap<>();
    line.properties()
        .forEach(
            figure -> {
              if (figure.getValue().isNumber()) {
                values.put(figure.getKey(), figure.getValue().numberValue());
              }
            });
    return new MetricsRow(line.path(STEP).asLong(), 0, values);
  }

  /** Says how a phase, or where it is null the run, ended. */
  void end(@Nullable TrackedPhase phase, String status, Instant time)
      throws MlflowFailure, InterruptedException {
    server.update((phase == null ? run(time) : of(phase)).id, status, time);
  }

  private OnServer run(Instant time) throws MlflowFailure, InterruptedException {
    if (run == null) {
      TrackedSettings settings = TrackedSettings.ofRun(pipeline);
      @Nullable OnServer found = found(tracked().run(), settings);
      if (found == null) {
        found = made(pipeline.name(), time, Map.of(), settings);
        remember(tracked(), null, new Known(found.id, settings.digest()));
      }
      run = found;
    }
    sendSettings(run);
    return run;
  }

  private OnServer of(TrackedPhase phase) throws MlflowFailure, InterruptedException {
    OnServer parent = run(phase.began());
    @Nullable OnServer child = phases.get(phase.name());
    if (child == null) {
      TrackedSettings settings = TrackedSettings.ofPhase(pipeline, phase.index());
      // A phase that is trained with other settings has figures of its own.
      Optional<Known> known =
          tracked().phase(phase.name()).filter(k -> k.settings().equals(settings.digest()));
      child = found(known, settings);
      if (child == null) {
        child =
            made(phase.name(), phase.began(), Map.of("mlflow.parentRunId", parent.id), settings);
        remember(tracked(), phase.name(), new Known(child.id, settings.digest()));
      }
      phases.put(phase.name(), child);
    }
    sendSettings(child);
    return child;
  }

  private @Nullable OnServer found(Optional<Known> known, TrackedSettings settings)
      throws MlflowFailure, InterruptedException {
    if (known.isEmpty()) {
      return null;
    }
    String id = known.get().id();
    Optional<Map<String, Long>> lastSteps = server.lastSteps(id);
    if (lastSteps.isEmpty()) {
      return null;
    }
    server.update(id, RUNNING, null);
    boolean same = known.get().settings().equals(settings.digest());
    // They can't be changed there.
    return new OnServer(id, lastSteps.get(), same ? settings.entries() : List.of());
  }

  private OnServer made(
      String name, Instant time, Map<String, String> tags, TrackedSettings settings)
      throws MlflowFailure, InterruptedException {
    if (experiment == null) {
      experiment = server.experiment();
    }
    Map<String, String> all = new LinkedHashMap<>(tags);
    all.put("mlflow.runName", name);
    all.put("mlflow.source.name", "polyphase");
    all.put("mlflow.source.type", "LOCAL");
    return new OnServer(
        server.createRun(experiment, name, time, all), Map.of(), settings.entries());
  }

  private void sendSettings(OnServer to) throws MlflowFailure, InterruptedException {
    if (to.settings.isEmpty()) {
      return;
    }
    try {
      server.logSettings(to.id, to.settings);
    } catch (MlflowFailure e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      warnings.accept(
          "MLflow %s to the settings; it lacks them, and is told the rest"
              .formatted(e.getMessage()));
    }
    to.settings = List.of();
  }

  private TrackedRuns tracked() {
    if (tracked == null) {
      try {
        tracked = TrackedRuns.read(folder.trackersJson(), address);
      } catch (IOException e) {
        warnings.accept(e.getMessage() + "; the run is a new one for MLflow");
        tracked = TrackedRuns.none(folder.trackersJson(), address);
      }
    }
    return tracked;
  }

  private void remember(TrackedRuns in, @Nullable String phase, Known made) {
    try {
      if (phase == null) {
        in.putRun(made);
      } else {
        in.putPhase(phase, made);
      }
    } catch (IOException e) {
      warnings.accept(e.getMessage() + "; a run that is resumed is then a new one for MLflow");
    }
  }
}
