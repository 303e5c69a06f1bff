package dev.polyphase.trl;

import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.batches.Step;
import java.util.Iterator;

/** The tokens and passes over the rows up to a step, which the driver does not count. */
final class StepCounts {
  private final Schedule schedule;
  private final int[] tokensOfRow;
  private Iterator<Step> next;
  private long step;
  private long tokens;
  private double epoch;

  StepCounts(Schedule schedule, int[] tokensOfRow) {
    this.schedule = schedule;
    this.tokensOfRow = tokensOfRow;
    this.next = schedule.iterator();
  }

  /** Counts up to a step, which is mostly later than the one before. */
  void countTo(long wanted) {
    if (wanted < step) {
      next = schedule.iterator();
      step = 0;
      tokens = 0;
      epoch = 0;
    }
    while (step < wanted && next.hasNext()) {
      Step taken = next.next();
      for (int[] rows : taken.microBatches()) {
        for (int row : rows) {
          tokens += tokensOfRow[row];
        }
      }
      step = taken.index();
      epoch = taken.epoch();
    }
  }

  /** The tokens of all steps up to that one, padding not counted. */
  long tokens() {
    return tokens;
  }

  /** The passes over the rows when it is done. */
  double epoch() {
    return epoch;
  }
}
