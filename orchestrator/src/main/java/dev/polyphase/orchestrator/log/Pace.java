package dev.polyphase.orchestrator.log;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.StampedEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what happens many times a second to one a second of its kind: steps, modules of a scan, and
 * rows that are read. The last of them is never lost: it comes before whatever else happens.
 */
final class Pace {
  private static final long EVERY_NANOS = 1_000_000_000L;

  private final LongSupplier nanoTime;
  private final Map<Class<?>, Long> lastNanos = new HashMap<>();
  private @Nullable StampedEvent heldBack;

  /**
   * A pace from now on.
   *
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  Pace(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** What is to be written now that this has happened, in order. */
  List<StampedEvent> due(StampedEvent happened) {
    @Nullable StampedEvent before = heldBack;
    heldBack = null;
    Class<?> kind = happened.event().getClass();
    boolean follows = before == null || before.event().getClass().equals(kind);
    if (!isFrequent(happened.event())) {
      return before == null ? List.of(happened) : List.of(before, happened);
    }
    long now = nanoTime.getAsLong();
    @Nullable Long last = lastNanos.get(kind);
    if (last != null && now - last < EVERY_NANOS && !isLast(happened.event())) {
      heldBack = happened;
      return before == null || follows ? List.of() : List.of(before);
    }
    lastNanos.put(kind, now);
    return before == null || follows ? List.of(happened) : List.of(before, happened);
  }

  private static boolean isFrequent(RunEvent event) {
    return event instanceof RunEvent.Reading
        || event instanceof RunEvent.Scanned
        || (event instanceof RunEvent.Measured measured && measured.isStep());
  }

  private static boolean isLast(RunEvent event) {
    if (event instanceof RunEvent.Measured measured) {
      return measured.row().step() == measured.row().totalSteps();
    }
    return event instanceof RunEvent.Scanned scanned && scanned.done() == scanned.total();
  }
}
