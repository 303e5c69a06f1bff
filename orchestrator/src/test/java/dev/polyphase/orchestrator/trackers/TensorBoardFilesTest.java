package dev.polyphase.orchestrator.trackers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.SmallDisk;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.trackers.EventRecords.Event;
import dev.polyphase.phases.api.MetricsRow;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardFilesTest {
  private static final Instant TIME = Instant.parse("2025-11-30T03:40:55.125Z");
  private static final String SETTINGS = "name: demo\nphases:\n  - name: one\n";

  /** Prints what TensorBoard has of a folder: of each tag the steps and values, and the texts. */
  private static final String READ =
      """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      board = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
      board.Reload()
      tags = board.Tags()
      print(json.dumps({
          "scalars": {tag: [[e.step, e.value] for e in board.Scalars(tag)]
                      for tag in tags["scalars"]},
          "texts": {tag: [e.tensor_proto.string_val[0].decode() for e in board.Tensors(tag)]
                    for tag in tags["tensors"]}}))
      """;

  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();

  @Test
  void tagsAreThoseOfHuggingFacesTrainer() throws IOException {
    RunEvents events = phase(folder);
    events.tell(step(1, 2.5));
    events.tell(heldOut(1, 3.5));
    end(events);

    List<Event> written = EventRecords.in(onlyFile());
    assertThat(written).extracting(Event::version).startsWith("brain.Event:2").hasSize(4);
    assertThat(written.get(1).texts()).containsExactly("args/text_summary");
    Event step = written.get(2);
    assertThat(step.step()).isEqualTo(1);
    assertThat(step.time()).isEqualTo(TIME.toEpochMilli() / 1e3);
    assertThat(step.scalars())
        .containsExactly(
            Map.entry("train/epoch", 0.5f),
            Map.entry("train/loss", 2.5f),
            Map.entry("train/rewards/accuracies", 0.75f));
    assertThat(written.get(3).scalars())
        .containsExactly(Map.entry("eval/loss", 3.5f), Map.entry("eval/rewards/accuracies", 0.25f));
    assertThat(warnings).isEmpty();
  }

  @Test
  void eachRowIsThereAtOnce() throws IOException {
    RunEvents events = phase(folder);
    for (int step = 1; step <= 3; step++) {
      events.tell(step(step, step));
      assertThat(EventRecords.in(onlyFile())).hasSize(2 + step);
    }
  }

  @Test
  void whatGoesOnBeginsAFileThatTakesTheStepsBack() throws IOException {
    attempt(false, 1, 2, 3, 4);
    attempt(true, 3, 4, 5);

    List<Path> files = EventRecords.files(phaseFolder(folder));
    assertThat(files).hasSize(2);
    List<Event> second = EventRecords.in(files.get(1));
    assertThat(second).extracting(Event::session).startsWith(0L, 1L, 0L).hasSize(8);
    assertThat(second).extracting(Event::step).containsExactly(0L, 3L, 3L, 3L, 4L, 4L, 5L, 5L);
    assertThat(second).flatExtracting(Event::texts).isEmpty();
  }

  @Test
  void soItIsWhereAPhaseGoesBackWhileItIsTrained() throws IOException {
    RunEvents events = phase(folder);
    for (int step = 1; step <= 4; step++) {
      events.tell(step(step, step));
    }
    events.tell(new PhaseResumed(2, 0));
    events.tell(step(3, 3));
    end(events);

    List<Path> files = EventRecords.files(phaseFolder(folder));
    assertThat(files).hasSize(2);
    assertThat(EventRecords.in(files.get(1))).extracting(Event::step).containsExactly(0L, 3L, 3L);
    assertThat(warnings).isEmpty();
  }

  @Test
  void tensorBoardShowsEachStepOnce() throws IOException, InterruptedException {
    PythonWith python = PythonWith.module("tensorboard");
    attempt(false, 1, 2, 3, 4);
    attempt(true, 3, 4, 5);

    JsonNode shown = new ObjectMapper().readTree(python.run(READ, phaseFolder(folder).toString()));

    assertThat(shown.path("scalars").path("train/loss"))
        .hasToString("[[1,1.0],[2,2.0],[3,3.0],[4,4.0],[5,5.0]]");
    assertThat(shown.path("scalars").path("eval/loss"))
        .hasToString("[[1,2.0],[2,3.0],[3,4.0],[4,5.0],[5,6.0]]");
    assertThat(shown.path("texts").path("args/text_summary"))
        .hasToString("[\"    name: demo\\n    phases:\\n      - name: one\"]");
  }

  @Test
  void tensorBoardShowsAPhaseThatBeganAnewAlone() throws IOException, InterruptedException {
    PythonWith python = PythonWith.module("tensorboard");
    attempt(false, 1, 2, 3, 4);
    attempt(false, 1, 2);

    JsonNode shown = new ObjectMapper().readTree(python.run(READ, phaseFolder(folder).toString()));

    assertThat(shown.path("scalars").path("train/loss")).hasToString("[[1,1.0],[2,2.0]]");
    assertThat(shown.path("texts").path("args/text_summary")).hasSize(1);
  }

  @Test
  void aFullDiskCostsNothingOnceThereIsRoomAgain() throws IOException {
    try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("disk")), 65_536)) {
      RunEvents events = phase(disk.root());
      events.tell(step(1, 1));
      disk.fill();
      for (int step = 2; step <= 200; step++) {
        events.tell(step(step, step));
      }
      assertThat(warnings)
          .singleElement()
          .asString()
          .contains("there is no room left on its disk", "waits in memory");
      int before = EventRecords.in(EventRecords.files(phaseFolder(disk.root())).get(0)).size();
      assertThat(before).isBetween(3, 201);

      disk.makeRoom();
      events.tell(step(201, 201));

      assertThat(EventRecords.in(EventRecords.files(phaseFolder(disk.root())).get(0)))
          .extracting(Event::step)
          .hasSize(203)
          .endsWith(199L, 200L, 201L);
    }
  }

  @Test
  void whatIsNeverWrittenIsSaid() throws IOException {
    RunEvents events = phase(folder);
    // Nothing is written into a file.
    Files.delete(phaseFolder(folder));
    Files.writeString(phaseFolder(folder), "");
    events.tell(step(1, 1));
    events.tell(step(2, 2));
    end(events);

    assertThat(warnings).hasSize(2);
    assertThat(warnings.get(0)).contains("all else goes on");
    assertThat(warnings.get(1)).contains("lacks its last 4 events");
  }

  private Path onlyFile() throws IOException {
    List<Path> files = EventRecords.files(phaseFolder(folder));
    assertThat(files).hasSize(1);
    return files.get(0);
  }

  private static Path phaseFolder(Path root) {
    return root.resolve("phase-01-one");
  }

  /** The first time, or from the checkpoint before the first of the steps. */
  private void attempt(boolean resumed, int... steps) throws IOException {
    RunEvents events = phase(folder);
    if (resumed) {
      events.tell(new PhaseResumed(steps[0] - 1, 0));
    }
    for (int step : steps) {
      events.tell(step(step, step));
      events.tell(heldOut(step, step + 1));
    }
    end(events);
  }

  private RunEvents phase(Path root) throws IOException {
    RunEvents events = new RunEvents("demo", Clock.fixed(TIME, ZoneOffset.UTC), () -> 0);
    events.add("files", new TensorBoardFiles(new RunFolder(root), SETTINGS, warnings::add));
    Files.createDirectories(phaseFolder(root));
    events.tell(new PhaseStarted(0, 1, "one", "sft"));
    return events;
  }

  private static void end(RunEvents events) {
    events.tell(new RunEnded(RunState.Status.FINISHED, null));
  }

  private static Measured step(long step, double loss) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", 0.5);
    values.put("loss", loss);
    values.put("rewards/accuracies", 0.75);
    return new Measured(new MetricsRow(step, 1000, values));
  }

  private static Measured heldOut(long step, double loss) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", 0.5);
    values.put("eval_loss", loss);
    values.put("eval_rewards/accuracies", 0.25);
    return new Measured(new MetricsRow(step, 1000, values));
  }
}
