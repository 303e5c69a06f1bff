package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDManager;

/** An optimiser's arithmetic and its states, which are kept by parameter name. */
interface UpdateRule extends AutoCloseable {

  /** Updates the masters of a group, which may be empty, in place. */
  void update(UpdateGroup group, NDManager scratch);

  /** Drops the states of a parameter, if there are any. */
  void forget(String name);

  @Override
  void close();
}
