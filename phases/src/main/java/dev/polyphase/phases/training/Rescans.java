package dev.polyphase.phases.training;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.preparation.RequestedParts;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/** Moves a phase to other tensors on its way, by a decision on the weights as they stand. */
final class Rescans implements Resumable {
  private final PhaseRequest request;
  private final Retargeting retargeting;
  private final ModelLayout layout;
  private final Transformer model;
  private final TrainedCheckpoint trained;
  private final PresentWeights weights;
  private final Set<String> everTrained;
  private long latestStep;

  /**
   * The rescans of a phase.
   *
   * @param request the phase's
   * @param retargeting what decides
   * @param trained the model in its present state, whenever it is written
   * @param weights where it is written for the decision
   */
  Rescans(
      PhaseRequest request,
      Retargeting retargeting,
      ModelLayout layout,
      Transformer model,
      TrainedCheckpoint trained,
      PresentWeights weights) {
    this.request = request;
    this.retargeting = retargeting;
    this.layout = layout;
    this.model = model;
    this.trained = trained;
    this.weights = weights;
    this.everTrained = new HashSet<>(model.trained().names());
  }

  /** How many there are in a phase of so many steps. */
  static long count(RescanEvery every, long stepsPerEpoch, long totalSteps) {
    return (totalSteps - 1) / every.steps(stepsPerEpoch);
  }

  /** Whether there is one after a step, not the phase's last, that was not made yet. */
  boolean dueAfter(long step, long stepsPerEpoch) {
    return latestStep < step && step % retargeting.every().steps(stepsPerEpoch) == 0;
  }

  /**
   * Decides anew and moves the model. What stays goes on with its master and its states, what
   * enters begins with none.
   */
  void after(long step) throws IOException {
    Checkpoint present = weights.write(trained, step);
    Retargeting.Target target = retargeting.decision().of(present, step);
    Set<String> now = RequestedParts.parameters(target.trainable(), request, layout);
    model.retarget(present, model.weights().trainable().with(now, target.rateFactors()));
    weights.dropEarlier();
    everTrained.addAll(now);
    latestStep = step;
  }

  /** The parameters that were trained at any time. */
  Set<String> everTrained() {
    return Set.copyOf(everTrained);
  }

  @Override
  public void save(StateWriter state) {
    state.put("latest_step", latestStep);
    state.put("ever_trained", everTrained.stream().sorted().toList());
  }

  @Override
  public void restore(StateReader state) {
    latestStep = state.number("latest_step");
    everTrained.addAll(state.texts("ever_trained"));
  }
}
