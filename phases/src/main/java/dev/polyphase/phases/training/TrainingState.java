package dev.polyphase.phases.training;

import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * All that the steps of a phase change. What is not in here is a function of the request, the rows
 * and a step's number: the rows of a step, its rate, what noise, dropout and rounding draw.
 */
final class TrainingState implements Resumable {
  private static final int FORMAT = 2;

  private final String fingerprint;
  private final long startNanos = System.nanoTime();
  private final Map<String, Resumable> parts = new LinkedHashMap<>();
  private long step;
  private double epoch;
  private double secondsBefore;

  /**
   * The state before the first step.
   *
   * @param fingerprint of the rows that are trained on: those of another can't be gone on with
   */
  TrainingState(String fingerprint) {
    this.fingerprint = fingerprint;
  }

  /** Adds a part, to be restored after those that were added before. */
  void add(String name, Resumable part) {
    parts.put(name, part);
  }

  /** The optimiser steps taken. */
  long step() {
    return step;
  }

  /** The passes over the rows that they made. */
  double epoch() {
    return epoch;
  }

  /** The wall time of training, that of earlier attempts up to where they were saved included. */
  double seconds() {
    return secondsBefore + (System.nanoTime() - startNanos) / 1e9;
  }

  void stepped(long index, double passes) {
    step = index;
    epoch = passes;
  }

  @Override
  public void save(StateWriter state) throws IOException {
    state.put("format", FORMAT);
    state.put("rows", fingerprint);
    state.put("step", step);
    state.put("epoch", epoch);
    state.put("seconds", seconds());
    for (Map.Entry<String, Resumable> part : parts.entrySet()) {
      part.getValue().save(state.part(part.getKey()));
    }
  }

  @Override
  public void restore(StateReader state) throws IOException {
    if (state.number("format") != FORMAT) {
      throw refused(state, "was written by another version of Polyphase");
    }
    if (!state.text("rows").equals(fingerprint)) {
      throw refused(state, "was written of other rows than those that are read now");
    }
    step = state.number("step");
    epoch = state.real("epoch");
    secondsBefore = state.real("seconds");
    for (Map.Entry<String, Resumable> part : parts.entrySet()) {
      if (!state.has(part.getKey())) {
        throw refused(state, "has nothing of \"" + part.getKey() + "\", which the phase now has");
      }
      part.getValue().restore(state.part(part.getKey()));
    }
  }

  private static InputException refused(StateReader state, String why) {
    return new InputException(
        Place.in(state.folder().toString()),
        "this checkpoint %s; put back what has changed, or remove the folder %s, and the phase starts anew"
            .formatted(why, state.folder().getParent()));
  }
}
