package dev.polyphase.phases.batches;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * When a phase ends: with whichever comes first of those that are given, at least one.
 *
 * @param numEpochs passes over the rows; a part of an epoch is rounded up to whole steps, as
 *     Hugging Face does
 * @param maxSteps optimiser steps
 * @param maxTokens the step in which the tokens seen, padding not counted, reach this number is the
 *     last
 */
public record Limits(OptionalDouble numEpochs, OptionalLong maxSteps, OptionalLong maxTokens) {
  public Limits {
    if (numEpochs.isEmpty() && maxSteps.isEmpty() && maxTokens.isEmpty()) {
      throw new IllegalArgumentException("a phase without an end");
    }
  }
}
