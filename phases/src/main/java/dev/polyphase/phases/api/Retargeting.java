package dev.polyphase.phases.api;

import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.Map;
import java.util.Set;

/**
 * How a phase moves to other tensors while it trains: now and then it asks what follows from the
 * weights as they stand, and goes on with that.
 *
 * @param every when it asks; never after the phase's last step
 * @param most the tensors that memory is reckoned for: as many of each type as any decision takes,
 *     from the lowest block up
 * @param decision what it asks
 */
public record Retargeting(RescanEvery every, Set<String> most, Decision decision) {

  public Retargeting {
    most = Set.copyOf(most);
  }

  /** Decides what is trained. */
  @FunctionalInterface
  public interface Decision {

    /**
     * What is trained from now on.
     *
     * @param weights the model as it stands, what was trained in this phase as it would be saved;
     *     its values can be read until the call returns
     * @param step the optimiser steps taken
     * @throws InterruptedTrainingException where training should stop
     */
    Target of(Checkpoint weights, long step) throws IOException;
  }

  /**
   * What is trained.
   *
   * @param trainable as {@link PhaseStart#trainable()}
   * @param rateFactors as {@link PhaseStart#rateFactors()}
   */
  public record Target(Set<String> trainable, Map<String, Double> rateFactors) {
    public Target {
      trainable = Set.copyOf(trainable);
      rateFactors = Map.copyOf(rateFactors);
    }
  }
}
