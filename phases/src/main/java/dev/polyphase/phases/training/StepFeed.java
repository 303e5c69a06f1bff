package dev.polyphase.phases.training;

import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveStep;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A phase's steps with their micro-batches, of which the next step's can be made in advance. */
final class StepFeed {
  private final Iterator<Step> steps;
  private final Objective objective;
  private @Nullable Ready ready;

  StepFeed(Iterator<Step> steps, Objective objective) {
    this.steps = steps;
    this.objective = objective;
  }

  boolean hasNext() {
    return ready != null || steps.hasNext();
  }

  Ready next() {
    prepare();
    if (ready == null) {
      throw new IllegalStateException("there is no further step");
    }
    Ready next = ready;
    ready = null;
    return next;
  }

  /** Makes the next step ready, if there is one: to be called while the device computes. */
  void prepare() {
    if (ready == null && steps.hasNext()) {
      Step step = steps.next();
      ready = new Ready(step, objective.step(step.microBatches()));
    }
  }

  /** A step whose micro-batches are there. */
  record Ready(Step step, ObjectiveStep rows) {
    List<MicroBatch> microBatches() {
      return rows.microBatches();
    }
  }
}
