package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseChecking;
import dev.polyphase.orchestrator.events.RunEvent.PhaseFinished;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.Reading;
import dev.polyphase.orchestrator.events.RunEvent.ScanStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.phases.api.PhaseResult;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** Progress by a clock that goes as the test says. */
class ProgressTest {
  private static final long SECOND = 1_000_000_000;
  private static final String CLEAR = "\r\u001b[K";

  private final StringWriter shown = new StringWriter();
  private long nanos;

  @Test
  void shortPhasesHaveALineForEachLoggedStep() {
    RunEvents events = plain();
    events.tell(new PhaseStarted(0, 2, "one", "sft"));
    for (int step = 1; step <= 50; step++) {
      step(events, step, 50, SECOND);
    }

    assertThat(lines()).hasSize(50);
    assertThat(lines().get(0)).isEqualTo("phase 1/2 one: step 1/50 loss 1.0000");
    assertThat(lines().get(1)).isEqualTo("phase 1/2 one: step 2/50 loss 1.0000 0:48 left");
    assertThat(lines().get(49)).isEqualTo("phase 1/2 one: step 50/50 loss 1.0000");
  }

  @Test
  void longOnesHaveOneInTenSecondsAndTheFirstAndLast() {
    RunEvents events = plain();
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    for (int step = 1; step <= 60; step++) {
      step(events, step, 60, SECOND / 2);
    }

    assertThat(lines())
        .extracting(line -> line.replaceFirst(".*step (\\d+)/.*", "$1"))
        .containsExactly("1", "21", "41", "60");
  }

  @Test
  void theTimeLeftFollowsTheLatestSteps() {
    RunEvents events = plain();
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    step(events, 10, 200, 100 * SECOND);
    step(events, 20, 200, 20 * SECOND);
    assertThat(lines().get(1)).endsWith("6:00 left");

    // 2 s a step before, 1 s a step from here on: after 49 rows the window has forgotten.
    for (int step = 21; step <= 70; step++) {
      step(events, step, 200, SECOND);
    }
    step(events, 71, 200, 10 * SECOND);
    assertThat(lines().get(lines().size() - 1)).contains("step 71/200").endsWith("2:33 left");

    events.tell(new PhaseStarted(0, 1, "two", "sft"));
    step(events, 1, 200, SECOND);
    assertThat(lines().get(lines().size() - 1)).endsWith("step 1/200 loss 1.0000");
  }

  @Test
  void onATerminalOneLineIsRewrittenAndMessagesStandAboveIt() {
    Display display = Display.terminal(new PrintWriter(shown), 31);
    RunEvents events = on(display);
    events.tell(new PhaseStarted(1, 3, "refinement", "sft"));
    step(events, 1, 9, SECOND);
    step(events, 2, 9, SECOND);
    events.note("two rows were cut");
    step(events, 3, 9, SECOND);
    display.clear();
    events.say("interrupted");

    assertThat(shown)
        .hasToString(
            CLEAR
                + "step 1/9 loss 1.0000"
                + CLEAR
                + "step 2/9 loss 1.0000 0:07 left"
                + CLEAR
                + "phase 2/3 refinement: two rows were cut\n"
                + CLEAR
                + "step 3/9 loss 1.0000 0:06 left"
                + CLEAR
                + "interrupted\n");
  }

  @Test
  void theScanThatAPhaseBeginsWithHasALineATenth() {
    RunEvents events = plain();
    events.tell(new PhaseStarted(0, 2, "one", "sft"));
    events.tell(new ScanStarted(0, 20));
    for (int done = 1; done <= 20; done++) {
      events.tell(new Scanned(0, done, 20, done, 20));
    }

    assertThat(lines())
        .hasSize(10)
        .startsWith("phase 1/2 one: scanned 2/20 modules")
        .endsWith("phase 1/2 one: scanned 20/20 modules");
  }

  @Test
  void aRescanIsALineThatEndsWithItsOutcome() {
    RunEvents events = plain();
    events.tell(new PhaseStarted(0, 2, "one", "sft"));
    rescan(events);

    assertThat(lines())
        .containsExactly(
            "phase 1/2 one: rescanning after step 1,200", "phase 1/2 one: the outcome");
  }

  @Test
  void onATerminalARescanShowsHowFarItIs() {
    RunEvents events = on(Display.terminal(new PrintWriter(shown), 80));
    events.tell(new PhaseStarted(0, 2, "one", "sft"));
    rescan(events);

    assertThat(shown)
        .hasToString(
            CLEAR
                + "phase 1/2 one: rescanning after step 1,200"
                + CLEAR
                + "phase 1/2 one: scanned 1/2 modules"
                + CLEAR
                + "phase 1/2 one: scanned 2/2 modules"
                + CLEAR
                + "phase 1/2 one: the outcome\n");
  }

  @Test
  void readingHasALineInTenSecondsAndNoneWhereItIsShort() {
    RunEvents events = plain();
    events.tell(new PhaseChecking(0, 2, "one"));
    read(events, "one.jsonl", 99, SECOND / 10);
    assertThat(shown).hasToString("");

    // 9.9 s are gone; the second phase's rows are read from the same time on.
    events.tell(new PhaseChecking(1, 2, "two"));
    read(events, "two.jsonl", 250, SECOND / 10);

    assertThat(lines())
        .containsExactly(
            "phase 2/2 two: reading two.jsonl, 2 rows (1 %), 1,000 tokens/s",
            "phase 2/2 two: reading two.jsonl, 102 rows (41 %), 1,000 tokens/s",
            "phase 2/2 two: reading two.jsonl, 202 rows (81 %), 1,000 tokens/s");
  }

  @Test
  void aPhasesOwnReadingBeginsAnew() {
    RunEvents events = plain();
    events.tell(new PhaseChecking(0, 1, "one"));
    read(events, "one.jsonl", 5, SECOND);
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    nanos += 60 * SECOND;
    read(events, "one.jsonl", 12, SECOND);

    assertThat(lines())
        .containsExactly("phase 1/1 one: reading one.jsonl, 11 rows (92 %), 100 tokens/s");
  }

  @Test
  void onATerminalReadingRewritesALineTenTimesASecond() {
    RunEvents events = on(Display.terminal(new PrintWriter(shown), 80));
    events.tell(new PhaseChecking(0, 2, "one"));
    read(events, "one.jsonl", 2000, SECOND / 10_000);

    assertThat(shown)
        .hasToString(
            CLEAR + "phase 1/2 one: reading one.jsonl, 1,001 rows (50 %), 1,000,000 tokens/s");
  }

  /** Rows of a file, each in some time. */
  private void read(RunEvents events, String file, int rows, long nanosOfRow) {
    for (int row = 1; row <= rows; row++) {
      events.tell(
          new Reading(
              new ReadingListener.Progress(
                  Path.of("data").resolve(file).toString(),
                  row,
                  100L * row,
                  OptionalDouble.of((double) row / rows))));
      nanos += nanosOfRow;
    }
  }

  private static void rescan(RunEvents events) {
    events.tell(new ScanStarted(1200, 2));
    events.tell(new Scanned(1200, 1, 2, 10, 20));
    events.tell(new Scanned(1200, 2, 2, 20, 20));
    events.note("the outcome");
  }

  @Test
  void evaluationsStayAndThePhaseEndsInOneLine() {
    RunEvents events = on(Display.terminal(new PrintWriter(shown), 80));
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    events.tell(new Measured(StepLineTest.row(0, 3, "eval_loss", 2.5)));
    events.tell(
        new PhaseFinished(
            new PhaseResult(
                1200,
                99,
                2,
                1000,
                1000,
                250,
                null,
                3.21,
                DataCounts.whole(9, 99),
                null,
                null,
                null)));

    assertThat(lines())
        .containsExactly(
            "phase 1/1 one: step 0/3 held-out loss 2.5000",
            "phase 1/1 one: 1,200 steps in 3.2 s, 250 of 1,000 trained values changed as they are"
                + " saved (25.0 %)");
  }

  private RunEvents plain() {
    return on(Display.plain(new PrintWriter(shown)));
  }

  private RunEvents on(Display display) {
    RunEvents events = new RunEvents("run", Clock.systemUTC(), () -> nanos);
    events.add("the display", new Progress(display, () -> nanos));
    return events;
  }

  private void step(RunEvents events, long step, long total, long tookNanos) {
    nanos += tookNanos;
    events.tell(new Measured(StepLineTest.row(step, total, "loss", 1)));
  }

  private List<String> lines() {
    return shown.toString().lines().toList();
  }
}
