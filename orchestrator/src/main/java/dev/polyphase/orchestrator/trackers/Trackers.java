package dev.polyphase.orchestrator.trackers;

import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineWriter;
import dev.polyphase.pipelines.problems.InputException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The trackers that a pipeline's {@code report_to} names. */
public final class Trackers implements AutoCloseable {
  private final @Nullable MlflowRuns mlflow;

  private Trackers(@Nullable MlflowRuns mlflow) {
    this.mlflow = mlflow;
  }

  /**
   * Has them hear of a run from now on. Nothing is written or sent before it begins.
   *
   * @param environment where MLflow is
   * @throws InputException where it does not say, though MLflow is to be told
   */
  public static Trackers hearing(
      RunEvents events, Pipeline pipeline, RunFolder run, Map<String, String> environment) {
    if (pipeline.reportTo().contains("tensorboard")) {
      events.add(
          "what TensorBoard is to show",
          new TensorBoardFiles(run, PipelineWriter.toYaml(pipeline), events::warn));
    }
    if (!pipeline.reportTo().contains("mlflow")) {
      return new Trackers(null);
    }
    MlflowRuns mlflow =
        new MlflowRuns(
            MlflowSettings.of(environment), pipeline, run, events::warn, MlflowRuns.Pace.USUAL);
    events.add("what MLflow is told", mlflow);
    return new Trackers(mlflow);
  }

  /** Waits a few seconds for what is still to be sent, and says what could not be. */
  @Override
  public void close() {
    if (mlflow != null) {
      mlflow.close();
    }
  }
}
