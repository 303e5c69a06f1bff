package dev.polyphase.orchestrator.engine;

import static dev.polyphase.orchestrator.engine.EngineRuns.THREE_PHASES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What observers hear of runs. */
class EngineEventsTest {
  @TempDir Path folder;
  private final List<StampedEvent> heard = new ArrayList<>();
  private EngineRuns runs;

  @BeforeEach
  void listen() throws IOException {
    runs = new EngineRuns(folder);
    runs.observe(heard::add);
  }

  @Test
  void aRunIsToldFromItsChecksToItsEnd() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    assertThat(kinds())
        .startsWith("PhaseChecking", "PhaseChecking", "PhaseChecking")
        .containsSubsequence(
            "RunStarted",
            "PhaseStarted",
            "ScanStarted",
            "Scanned",
            "Selected",
            "Measured",
            "PhaseFinished",
            "PhaseStarted",
            "PhaseFinished",
            "PhaseStarted",
            "PhaseFinished")
        .endsWith("RunEnded");
    assertThat(of(RunStarted.class)).containsExactly(new RunStarted(false, 3));
    assertThat(of(RunEnded.class)).containsExactly(new RunEnded(RunState.Status.FINISHED, null));
    List<Scanned> first =
        heard.stream()
            .filter(event -> "foundation".equals(event.phase()))
            .map(StampedEvent::event)
            .filter(Scanned.class::isInstance)
            .map(Scanned.class::cast)
            .toList();
    assertThat(first).extracting(Scanned::done).containsExactly(numbersTo(first.size()));
    assertThat(first).allMatch(scanned -> scanned.total() == first.size());
    Scanned last = first.get(first.size() - 1);
    assertThat(last.work()).isEqualTo(last.totalWork()).isPositive();
    assertThat(heard).allMatch(event -> event.run().equals("three"));
  }

  @Test
  void anInterruptionAndGoingOnAreTold() throws IOException {
    runs.observe(happened -> runs.requestStop(happened.event() instanceof Measured));
    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.INTERRUPTED);
    RunEnded ended = of(RunEnded.class).get(0);
    assertThat(heard.get(heard.size() - 1).event()).isEqualTo(ended);
    assertThat(ended.status()).isEqualTo(RunState.Status.INTERRUPTED);
    assertThat(ended.message())
        .startsWith("interrupted after step 1, the state is in ")
        .endsWith("; the same command goes on there");

    heard.clear();
    assertThat(runs.run(THREE_PHASES, Start.RESUME).kind()).isEqualTo(Kind.INTERRUPTED);
    assertThat(of(RunStarted.class)).containsExactly(new RunStarted(true, 3));
    assertThat(of(PhaseResumed.class)).hasSize(1).allMatch(resumed -> resumed.step() == 1);
    assertThat(of(Measured.class))
        .extracting(measured -> measured.row().step())
        .containsExactly(2L);
  }

  @Test
  void aFailureIsToldLast() {
    PhaseTrainer failing =
        (request, reading) ->
            new AddingTrainer.Otherwise(
                new AddingTrainer().prepare(request, reading).plan(),
                (start, hears) -> {
                  throw new TrainingFailedException("the loss is NaN");
                });

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, failing))
        .isInstanceOf(RunFailedException.class);

    assertThat(heard.get(heard.size() - 1).event())
        .isEqualTo(new RunEnded(RunState.Status.FAILED, "the loss is NaN"));
    assertThat(of(RunEnded.class)).hasSize(1);
  }

  @Test
  void nothingBeginsWhereTheInputIsWrong() throws IOException {
    Files.delete(folder.resolve("b.jsonl"));

    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class);

    assertThat(kinds()).doesNotContain("RunStarted", "RunEnded");
  }

  @Test
  void anObserverThatThrowsEndsNothing() throws IOException {
    runs.observe(
        happened -> {
          throw new IllegalStateException("broken");
        });

    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
    assertThat(runs.messages()).containsOnlyOnce("an observer stopped (");
  }

  private List<String> kinds() {
    return heard.stream().map(event -> event.event().getClass().getSimpleName()).toList();
  }

  private <T extends RunEvent> List<T> of(Class<T> kind) {
    return heard.stream()
        .map(StampedEvent::event)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  private static Integer[] numbersTo(int count) {
    Integer[] numbers = new Integer[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i + 1;
    }
    return numbers;
  }
}
