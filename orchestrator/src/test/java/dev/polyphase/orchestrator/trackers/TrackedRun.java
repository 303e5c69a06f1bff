package dev.polyphase.orchestrator.trackers;

import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseFinished;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.trackers.MlflowRuns.Pace;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** What happens to a run of two phases, told to an MLflow server. */
final class TrackedRun {
  static final Pace QUICK =
      new Pace(
          Duration.ofMillis(20),
          Duration.ofSeconds(10),
          Duration.ofMillis(10),
          Duration.ofMillis(50),
          Duration.ofSeconds(30),
          100_000);

  /** One that waits for nothing long. */
  static final Pace IMPATIENT =
      new Pace(
          Duration.ofMillis(20),
          Duration.ofMillis(300),
          Duration.ofMillis(10),
          Duration.ofMillis(50),
          Duration.ofMillis(600),
          100_000);

  private static final String PIPELINE =
      """
      name: demo
      base_model: model
      report_to: mlflow
      defaults: {targeting: {top_percent: 50}, learning_rate: 0.5, datasets: [{path: a.jsonl}]}
      phases:
        - {name: one, type: sft}
        - {name: two, type: dpo}
      """;

  final List<String> warnings = Collections.synchronizedList(new ArrayList<>());
  final MlflowRuns runs;
  private final RunEvents events = new RunEvents("demo");

  TrackedRun(Path folder, Map<String, String> environment, Pace pace, String... settings) {
    Pipeline pipeline = PipelineReader.parse(PIPELINE, "demo", List.of(settings));
    runs =
        new MlflowRuns(
            MlflowSettings.of(environment), pipeline, new RunFolder(folder), warnings::add, pace);
    events.add("MLflow", runs);
  }

  static Map<String, String> at(String address) {
    return Map.of("MLFLOW_TRACKING_URI", address, "MLFLOW_EXPERIMENT_NAME", "nights & days");
  }

  void begins(boolean resumed) {
    events.tell(new RunStarted(resumed, 2));
  }

  void phase(int index, String name) {
    events.tell(new PhaseStarted(index, 2, name, "sft"));
  }

  void resumesAt(long step) {
    events.tell(new PhaseResumed(step, 0));
  }

  /** Steps with a loss that is the step, and after each of them an evaluation. */
  void steps(long from, long to) {
    for (long step : LongStream.rangeClosed(from, to).toArray()) {
      row(step, Map.of("loss", step));
      row(step, Map.of("eval_loss", step + 0.5));
    }
  }

  void row(long step, Map<String, Number> figures) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.putAll(figures);
    events.tell(new Measured(new MetricsRow(step, 1000, values)));
  }

  void phaseEnds() {
    events.tell(
        new PhaseFinished(new PhaseResult(1, 1, 1, 1, 1, 1, null, 1, null, null, null, null)));
  }

  void ends(RunState.Status status) {
    events.tell(new RunEnded(status, null));
    runs.close();
  }
}
