package dev.polyphase.phases.checkpoints;

import java.io.IOException;

/**
 * A part of a phase whose state its steps change. All of them together, saved after a step and
 * restored in another process, go on as if there had been no pause, to the last bit.
 */
public interface Resumable {

  /** Puts all that its steps have changed into a checkpoint. */
  void save(StateWriter state) throws IOException;

  /** Takes its state from a checkpoint, in the place of the one with which a phase begins. */
  void restore(StateReader state) throws IOException;
}
