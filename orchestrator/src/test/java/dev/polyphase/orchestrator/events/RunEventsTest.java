package dev.polyphase.orchestrator.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.Said;
import dev.polyphase.orchestrator.events.RunEvent.ScanStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RunEventsTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final long SECOND = 1_000_000_000;

  private final List<StampedEvent> heard = new ArrayList<>();
  private long nanos;
  private final RunEvents events =
      new RunEvents("three", Clock.fixed(NOW, ZoneOffset.UTC), () -> nanos);

  @Test
  void eventsSayOfWhatTheyAre() {
    events.add("a list", heard::add);
    events.say("hello");
    events.tell(new PhaseStarted(0, 2, "one", "sft"));
    events.tell(step(7));
    events.say("of the run");
    events.note("of the phase");
    events.tell(new RunEnded(RunState.Status.FINISHED, null));

    assertThat(heard).extracting(StampedEvent::time).containsOnly(NOW);
    assertThat(heard).extracting(StampedEvent::run).containsOnly("three");
    assertThat(heard)
        .extracting(StampedEvent::phase)
        .containsExactly(null, "one", "one", null, "one", null);
    OptionalLong seven = OptionalLong.of(7);
    OptionalLong none = OptionalLong.empty();
    assertThat(heard)
        .extracting(StampedEvent::step)
        .containsExactly(none, none, seven, none, seven, none);
  }

  @Test
  void whatThrowsIsSaidOnceAndLetGoOf() {
    List<StampedEvent> before = new ArrayList<>();
    events.add("the first", before::add);
    events.add(
        "the second",
        happened -> {
          throw new IllegalStateException("broken");
        });
    events.add("the third", heard::add);

    events.say("one");
    events.say("two");

    assertThat(before).isEqualTo(heard);
    assertThat(heard)
        .extracting(StampedEvent::event)
        .containsExactly(
            new Said(Level.INFO, "one"),
            new Said(
                Level.WARN,
                "the second stopped (it failed at something that should not fail); the run goes on"
                    + " without it"),
            new Said(Level.INFO, "two"));
  }

  @Test
  void whatAnObserverTellsComesAfterWhatItHeard() {
    events.add(
        "an answer",
        happened -> {
          if (happened.event().equals(new Said(Level.INFO, "one"))) {
            events.say("answer");
          }
        });
    events.add("a list", heard::add);

    events.say("one");
    events.say("two");

    assertThat(heard)
        .extracting(happened -> ((Said) happened.event()).sentence())
        .containsExactly("one", "answer", "two");
  }

  @Test
  void theTimeLeftOfAScanFollowsItsWorkAndThatOfAPhaseItsSteps() {
    events.add("a list", heard::add);
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    events.tell(new ScanStarted(0, 2));
    nanos += SECOND;
    events.tell(new Scanned(0, 1, 2, 25, 100));
    nanos += SECOND;
    events.tell(step(1));
    nanos += SECOND;
    events.tell(step(2));

    assertThat(heard)
        .extracting(StampedEvent::secondsLeft)
        .containsExactly(
            OptionalDouble.empty(),
            OptionalDouble.empty(),
            OptionalDouble.of(3),
            OptionalDouble.empty(),
            OptionalDouble.of(8));
  }

  /** An engine that was lost goes on from a checkpoint, some time later. */
  @Test
  void whatPassedBeforeAPhaseWentBackIsNoStepsTime() {
    events.add("a list", heard::add);
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    for (long step = 1; step <= 4; step++) {
      nanos += SECOND;
      events.tell(step(step));
    }
    nanos += 1000 * SECOND;
    events.tell(new PhaseResumed(2, 20));
    for (long step = 3; step <= 4; step++) {
      nanos += 2 * SECOND;
      events.tell(step(step));
    }

    assertThat(heard)
        .extracting(StampedEvent::secondsLeft)
        .endsWith(OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.of(12));
  }

  private static Measured step(long step) {
    return new Measured(new MetricsRow(step, 10, Map.of("loss", 1.0)));
  }
}
