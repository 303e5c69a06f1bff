package dev.polyphase.jinja;

/** What writes text or sets variables. */
@FunctionalInterface
interface Statement {

  /** How a statement ended. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  /**
   * Executes it.
   *
   * @throws Fault if it can't be
   */
  Flow execute(Scope scope, Output output);
}
