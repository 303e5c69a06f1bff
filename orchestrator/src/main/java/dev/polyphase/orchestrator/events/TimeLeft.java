package dev.polyphase.orchestrator.events;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/** How long something will still take, from the mean time of its latest steps. */
public final class TimeLeft {
  private static final int WINDOW = 50;

  /** When a step was done. */
  private record Mark(long step, long nanos) {}

  private final Deque<Mark> latest = new ArrayDeque<>();

  /** A step is done. */
  public void stepped(long step, long nanos) {
    latest.addLast(new Mark(step, nanos));
    if (latest.size() > WINDOW) {
      latest.removeFirst();
    }
  }

  /** The seconds left, known from the second step on. */
  public OptionalDouble seconds(long totalSteps) {
    if (latest.size() < 2 || latest.getLast().step == latest.getFirst().step) {
      return OptionalDouble.empty();
    }
    Mark first = latest.getFirst();
    Mark last = latest.getLast();
    double secondsPerStep = (last.nanos - first.nanos) / 1e9 / (last.step - first.step);
    return OptionalDouble.of((totalSteps - last.step) * secondsPerStep);
  }
}
