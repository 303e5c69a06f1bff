package dev.polyphase.jinja;

import java.time.Clock;

/** One rendering: where it is, and what it has used of the {@link Limits} and its budget. */
final class Run {
  private final Clock clock;
  private final Budget budget;
  private Position at = new Position(1, 1);
  private int rounds;
  private int depth;

  Run(Clock clock, Budget budget) {
    this.clock = clock;
    this.budget = budget;
  }

  /** What tells the date. */
  Clock clock() {
    return clock;
  }

  /** Notes the place of what is done next, for what may go wrong with it. */
  void at(Position position) {
    at = position;
    budget.expression();
  }

  Budget budget() {
    return budget;
  }

  Position position() {
    return at;
  }

  void countRound() {
    rounds++;
    if (rounds > Limits.MAX_ROUNDS) {
      throw new Fault("the loops take more than %,d rounds".formatted(Limits.MAX_ROUNDS));
    }
  }

  void enterMacro() {
    depth++;
    if (depth > Limits.MAX_DEPTH) {
      throw new Fault(
          "more than %d macros and recursive loops call each other".formatted(Limits.MAX_DEPTH));
    }
  }

  void leaveMacro() {
    depth--;
  }
}
