package dev.polyphase.trl;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.preparation.FailedStep;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.phases.preparation.StartingWeights;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;

/** A job whose training could not go on. */
final class FailedJob {
  private FailedJob() {}

  /** Names the rows of the step that failed, and says what may help. */
  static TrainingFailedException of(
      ReadPhase phase, ModelParts model, Outcome outcome, EngineFolder folder) throws IOException {
    PhaseRequest request = phase.request();
    String head = "phase %s: %s".formatted(request.phase().name(), outcome.sentence());
    Iterator<Step> steps = phase.schedule().after(outcome.step());
    if (!steps.hasNext()) {
      return new TrainingFailedException(head + "; see " + folder.log());
    }
    List<FailedStep.MicroBatchRows> rows =
        steps.next().microBatches().stream()
            .map(
                batch ->
                    new FailedStep.MicroBatchRows(
                        Double.NaN, phase.rows().training().places(batch)))
            .toList();
    new FailedStep(outcome.step() + 1, Double.NaN, Double.NaN, rows).write(request.failedStep());
    String advice =
        new StartingWeights(model.checkpoint(), model.layout()).adviceAfter(outcome.step());
    return new TrainingFailedException(
        "%s; its rows are in %s; %s".formatted(head, request.failedStep(), advice));
  }
}
