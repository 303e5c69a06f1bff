package dev.polyphase.orchestrator.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunEvent.ScanStarted;
import dev.polyphase.orchestrator.events.RunEvent.Scanned;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.SavedCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLogTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.006Z");
  private static final long SECOND = 1_000_000_000;

  @TempDir Path folder;
  private final List<StampedEvent> heard = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private long nanos;

  @Test
  void everyEventIsReadBackAsItWas() throws IOException {
    List<RunEvent> all =
        List.of(
            new RunEvent.PhaseChecking(0, 2, "one"),
            new RunEvent.Reading(
                new ReadingListener.Progress("a.jsonl", 7, 70, OptionalDouble.of(0.25))),
            new RunEvent.Said(Level.WARN, "beware"),
            new RunStarted(true, 2),
            new PhaseStarted(0, 2, "one", "dpo"),
            new ScanStarted(0, 3),
            new Scanned(0, 3, 3, 30, 30),
            new RunEvent.Selected(12),
            new RunEvent.PhaseResumed(4, 40),
            new Measured(row(5, "loss", 0.5, "rewards/margins", Double.NaN)),
            new Measured(row(5, "eval_loss", 0.75)),
            new RunEvent.Noted(Level.INFO, "two rows were cut"),
            new RunEvent.Saved(new SavedCheckpoint(Path.of("runs/x"), 5, 1 << 20, 0.25)),
            new RunEvent.PhaseFinished(
                new PhaseResult(5, 99, 2, 1000, 1000, 250, 300L, 3.21, null, null, null, null)),
            new RunEnded(RunState.Status.FAILED, "the disk is full"));

    tell(all);

    assertThat(read()).containsExactlyElementsOf(heard);
    assertThat(read()).extracting(StampedEvent::event).containsExactlyElementsOf(all);
    assertThat(notes).isEmpty();
  }

  @Test
  void linesSayWhenWhereAndWhat() throws IOException {
    tell(
        List.of(
            new RunStarted(false, 1),
            new PhaseStarted(0, 1, "one", "sft"),
            new Measured(row(1, "loss", 2.5)),
            new RunEnded(RunState.Status.FAILED, "no room")));

    assertThat(Files.readAllLines(log()))
        .containsExactly(
            "{'time':'2026-01-02T03:04:05.006Z','level':'info','run':'three','event':'run_started','phases':1}"
                .replace('\'', '"'),
            "{'time':'2026-01-02T03:04:05.006Z','level':'info','run':'three','phase':'one','event':'phase_started','index':0,'count':1,'type':'sft'}"
                .replace('\'', '"'),
            "{'time':'2026-01-02T03:04:05.006Z','level':'info','run':'three','phase':'one','step':1,'event':'step','message':'step 1/9 loss 2.5000','total_steps':9,'loss':2.5}"
                .replace('\'', '"'),
            "{'time':'2026-01-02T03:04:05.006Z','level':'error','run':'three','event':'run_failed','message':'no room'}"
                .replace('\'', '"'));
  }

  @Test
  void stepsAreLoggedOnceASecondAndTheLatestIsNotLost() throws IOException {
    RunEvents events = events();
    try (RunLog log = new RunLog(new RunFolder(folder), () -> nanos, notes::add)) {
      events.add("the log", log);
      events.tell(new RunStarted(false, 1));
      events.tell(new PhaseStarted(0, 1, "one", "sft"));
      for (int step = 1; step <= 7; step++) {
        events.tell(new Measured(row(step, "loss", 1)));
        nanos += SECOND / 4;
      }
      events.note("a note");
      events.tell(new Measured(row(8, "loss", 1)));
      events.tell(new Measured(row(9, "loss", 1)));
    }

    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(log())) {
      JsonNode json = new ObjectMapper().readTree(line);
      lines.add(json.path("event").asText() + " " + json.path("step").asText());
    }
    // 7 was held back until something else happened; 9 is the phase's last.
    assertThat(lines)
        .containsExactly(
            "run_started ", "phase_started ", "step 1", "step 5", "step 7", "note 7", "step 9");
  }

  @Test
  void nothingIsWrittenOfARunThatDoesNotBegin() {
    tell(List.of(new RunEvent.PhaseChecking(0, 2, "one"), new RunEvent.Said(Level.INFO, "no")));

    assertThat(log()).doesNotExist();
  }

  @Test
  void aRunThatGoesOnAddsAndPassesOverHalfALine() throws IOException {
    tell(List.of(new RunStarted(false, 1)));
    Files.writeString(log(), Files.readString(log()) + "{\"time\":\"2026");

    tell(List.of(new RunStarted(true, 1)));

    List<String> lines = Files.readAllLines(log());
    assertThat(lines).hasSize(3);
    assertThat(RunLog.parse(lines.get(0)).orElseThrow().event())
        .isEqualTo(new RunStarted(false, 1));
    assertThat(RunLog.parse(lines.get(1))).isEmpty();
    assertThat(RunLog.parse(lines.get(2)).orElseThrow().event()).isEqualTo(new RunStarted(true, 1));
  }

  @Test
  void whatCanNotBeWrittenIsSaidThroughTheRunItself() throws IOException {
    Files.createDirectory(log());
    RunEvents events = events();
    RunLog log = new RunLog(new RunFolder(folder), () -> nanos, events::warn);
    events.add("the log", log);

    events.tell(new RunStarted(false, 1));
    events.say("one");
    assertThat(heard)
        .extracting(StampedEvent::event)
        .hasSize(3)
        .anyMatch(
            event ->
                event instanceof RunEvent.Said said
                    && said.sentence().startsWith(log() + ": ")
                    && said.sentence().contains("its lines wait in memory"));

    Files.delete(log());
    events.say("two");
    events.remove(log);
    log.close();
    assertThat(read()).containsExactlyElementsOf(heard);
  }

  @Test
  void otherLinesAreNoEvents() {
    assertThat(RunLog.parse("")).isEmpty();
    assertThat(RunLog.parse("[]")).isEmpty();
    assertThat(RunLog.parse("{\"event\":\"step\"}")).isEmpty();
    assertThat(RunLog.parse("{\"time\":\"2026-01-02T03:04:05Z\",\"event\":\"other\"}")).isEmpty();
  }

  private void tell(List<RunEvent> all) {
    RunEvents events = events();
    try (RunLog log = new RunLog(new RunFolder(folder), () -> nanos, notes::add)) {
      events.add("the log", log);
      all.forEach(events::tell);
    }
  }

  private RunEvents events() {
    RunEvents events = new RunEvents("three", Clock.fixed(NOW, ZoneOffset.UTC), () -> nanos);
    events.add("a list", heard::add);
    return events;
  }

  private Path log() {
    return new RunFolder(folder).logJsonl();
  }

  private List<StampedEvent> read() throws IOException {
    return Files.readAllLines(log()).stream()
        .map(line -> RunLog.parse(line).orElseThrow())
        .toList();
  }

  private static MetricsRow row(long step, Object... figures) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    for (int i = 0; i < figures.length; i += 2) {
      values.put((String) figures[i], (Number) figures[i + 1]);
    }
    return new MetricsRow(step, 9, values);
  }
}
