package dev.polyphase.orchestrator.engine;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static dev.polyphase.orchestrator.engine.EngineRuns.THREE_PHASES;
import static dev.polyphase.orchestrator.engine.EngineRuns.contentsBelow;
import static dev.polyphase.orchestrator.engine.EngineRuns.filesBelow;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that find an earlier one, and what may have changed since. */
class EngineResumeTest {
  @TempDir Path folder;
  private EngineRuns runs;

  @BeforeEach
  void modelAndData() throws IOException {
    runs = new EngineRuns(folder);
  }

  @Test
  void aFinishedRunIsLeftAsItIs() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    assertThat(
            runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingTrainer("nobody trains"))
                .kind())
        .isEqualTo(Kind.ALREADY_FINISHED);
    assertThat(runs.run(THREE_PHASES, Start.RESUME, new FailingTrainer("nobody trains")).kind())
        .isEqualTo(Kind.ALREADY_FINISHED);
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
    assertThat(runs.messages()).contains("runs/three is finished");
  }

  @Test
  void aFailedRunGoesOnAfterItsLastFinishedPhase() throws IOException {
    runs.run(THREE_PHASES.replace("name: three", "name: whole"), Start.BEGIN_OR_RESUME);

    assertThatThrownBy(
            () -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingIn("refinement")))
        .isInstanceOf(IOException.class)
        .hasMessage("the disk is on fire");
    assertThat(runs.json("runs/three/run.json").path("status").textValue()).isEqualTo("failed");
    assertThat(folder.resolve("runs/three/phase-02-refinement/metrics.jsonl")).hasContent("");
    assertThat(reported()).containsExactly("finished", "begun", "pending");
    String firstPhase =
        Files.getLastModifiedTime(modelOf("three", "phase-01-foundation")).toString();

    assertThat(runs.run(THREE_PHASES, Start.RESUME).kind()).isEqualTo(Kind.FINISHED);
    assertThat(Files.getLastModifiedTime(modelOf("three", "phase-01-foundation")))
        .hasToString(firstPhase);
    for (String phase :
        List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment")) {
      assertSameBytes(modelOf("three", phase), modelOf("whole", phase));
    }
    assertThat(runs.json("runs/three/report/report.json"))
        .isEqualTo(runs.json("runs/whole/report/report.json"));
  }

  @Test
  void trainingThatCanNotGoOnIsOneSentence() throws IOException {
    PhaseTrainer diverging =
        new FailingIn("foundation", () -> new TrainingFailedException("the loss is NaN"));
    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, diverging))
        .isInstanceOf(RunFailedException.class)
        .hasMessage("the loss is NaN");
    assertThat(runs.json("runs/three/run.json").path("message").textValue())
        .isEqualTo("the loss is NaN");
    assertThat(reported()).containsExactly("begun", "pending", "pending");
  }

  @Test
  void wantOfJavasMemoryIsOneSentenceWithTheOptionThatHelps() {
    PhaseTrainer tooLarge =
        new FailingIn(
            "foundation",
            () -> {
              throw new OutOfMemoryError("Java heap space");
            });
    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, tooLarge))
        .isInstanceOf(RunFailedException.class)
        .hasMessageMatching(
            "phase foundation ran out of Java's own memory of .* \\(Java heap space\\): the estimate"
                + " was .*; this would help most: POLYPHASE_JAVA_OPTS=-Xmx\\d+m; .*; .*");
  }

  @Test
  void aStoppedRunSavesItsStateAndGoesOn() throws IOException {
    assertThat(
            runs.run(
                    THREE_PHASES,
                    Start.BEGIN_OR_RESUME,
                    new StoppedIn("refinement", () -> runs.requestStop(true)))
                .kind())
        .isEqualTo(Kind.INTERRUPTED);

    JsonNode state = runs.json("runs/three/run.json");
    assertThat(state.path("status").textValue()).isEqualTo("interrupted");
    assertThat(state.path("phases").findValuesAsText("status"))
        .containsExactly("finished", "running", "pending");
    JsonNode progress = runs.json("runs/three/phase-02-refinement/trainer_state.json");
    assertThat(progress.path("global_step")).isEqualTo(IntNode.valueOf(1));
    assertThat(progress.path("max_steps")).isEqualTo(IntNode.valueOf(3));
    assertThat(progress.path("num_train_epochs")).isEqualTo(IntNode.valueOf(1));
    assertThat(folder.resolve("runs/three/phase-02-refinement/model")).doesNotExist();
    assertThat(reported()).containsExactly("finished", "begun", "pending");

    runs.requestStop(false);
    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @Test
  void changedSettingsAndDataOfFinishedPhasesAreNamed() throws IOException {
    assertThatThrownBy(
            () -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingIn("refinement")))
        .isInstanceOf(IOException.class);
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"c\"}\n");
    String changed = THREE_PHASES.replace("top_percent: 50", "top_percent: 75") + "seed: 7\n";
    assertThatThrownBy(() -> runs.run(changed, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phases.foundation.targeting.top_percent is 75")
        .hasMessageContaining("the data file a.jsonl has changed")
        .hasMessageContaining("seed is 7, but the phase was trained with 42");
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
  }

  /** Nor need it have been a setting at all when the finished phase was trained. */
  @ParameterizedTest
  @ValueSource(strings = {"true", "false", ""})
  void whereTheOptimizersStatesAreMayChange(String then) throws IOException {
    String now = "learning_rate: 0.5\n  optimizer_offload: " + !then.equals("true");
    String earlier =
        then.isEmpty()
            ? THREE_PHASES
            : THREE_PHASES.replace(
                "learning_rate: 0.5", "learning_rate: 0.5\n  optimizer_offload: " + then);
    assertThatThrownBy(() -> runs.run(earlier, Start.BEGIN_OR_RESUME, new FailingIn("refinement")))
        .isInstanceOf(IOException.class);
    if (then.isEmpty()) {
      ObjectNode state = (ObjectNode) runs.json("runs/three/run.json");
      state
          .path("phases")
          .forEach(phase -> ((ObjectNode) phase.path("settings")).remove("optimizer_offload"));
      Files.writeString(folder.resolve("runs/three/run.json"), state.toString());
    }

    assertThat(runs.run(THREE_PHASES.replace("learning_rate: 0.5", now), Start.RESUME).kind())
        .isEqualTo(Kind.FINISHED);
    assertThat(runs.json("runs/three/run.json").at("/phases/0/settings").has("optimizer_offload"))
        .isEqualTo(!then.isEmpty());
  }

  /** Runs of before there was the setting rounded to the nearest. */
  @ParameterizedTest
  @ValueSource(strings = {"nearest", ""})
  void howWeightsAreRoundedMayNotChangeButCheckpointsMay(String then) throws IOException {
    assertThatThrownBy(
            () -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingIn("refinement")))
        .isInstanceOf(IOException.class);
    if (then.isEmpty()) {
      ObjectNode state = (ObjectNode) runs.json("runs/three/run.json");
      ((ObjectNode) state.path("settings")).remove("save_rounding");
      Files.writeString(folder.resolve("runs/three/run.json"), state.toString());
    }

    assertThatThrownBy(() -> runs.run(THREE_PHASES + "save_rounding: stochastic\n", Start.RESUME))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "save_rounding is stochastic, but the phase was trained with nearest; put it back, or"
                + " start anew with --fresh");
    String saving = "learning_rate: 0.5\n  save_steps: 3\n  save_minutes: 0\n  save_total_limit: 1";
    assertThat(runs.run(THREE_PHASES.replace("learning_rate: 0.5", saving), Start.RESUME).kind())
        .isEqualTo(Kind.FINISHED);
  }

  @Test
  void settingsOfUnfinishedPhasesMayChange() throws IOException {
    assertThatThrownBy(
            () -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingIn("refinement")))
        .isInstanceOf(IOException.class);

    String changed =
        THREE_PHASES
            .replace("top_percent: 40", "top_percent: 50")
            .replace("name: refinement", "name: second");
    runs.run(changed, Start.BEGIN_OR_RESUME);

    assertThat(
            runs.changed(
                "runs/three/phase-01-foundation/model", "runs/three/phase-02-second/model"))
        .hasSize(4);
    assertThat(folder.resolve("runs/three/phase-02-refinement")).doesNotExist();
  }

  @Test
  void aPhaseWhoseModelIsCompleteOnlyLacksItsCard() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Path card = folder.resolve("runs/three/phase-03-alignment/model/README.md");
    String text = Files.readString(card);
    assertThat(text).contains("three, alignment", "foundation (sft), then refinement (sft)");

    // As a process leaves it that was killed in between.
    Files.delete(card);
    ObjectNode kept = new ObjectMapper().createObjectNode();
    kept.set("result", runs.json("runs/three/run.json").at("/phases/2/result"));
    kept.put("total_steps", 3);
    kept.putObject("compute")
        .put("library", "addition")
        .put("device", "cpu")
        .put("dtype", "float32")
        .put("reason", "it needs no library");
    Path trainerState = folder.resolve("runs/three/phase-03-alignment/trainer_state.json");
    String states = Files.readString(trainerState);
    Files.delete(trainerState);
    Path result = folder.resolve("runs/three/phase-03-alignment/result.json");
    Files.writeString(result, kept.toString());
    Path state = folder.resolve("runs/three/run.json");
    ObjectNode run = (ObjectNode) runs.json("runs/three/run.json");
    run.put("status", "running");
    ((ObjectNode) run.path("phases").path(2)).put("status", "running").putNull("result");
    Files.writeString(state, run.toString());

    assertThat(
            runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME, new FailingTrainer("it is trained"))
                .kind())
        .isEqualTo(Kind.FINISHED);
    assertThat(runs.messages())
        .contains(
            "an earlier process of this run ended without a word in phase alignment\n",
            "phase alignment is not trained again: its model is complete\n");
    assertThat(card).hasContent(text);
    assertThat(trainerState).hasContent(states);
    assertThat(result).doesNotExist();
    assertThat(runs.json("runs/three/run.json").at("/phases/2/result"))
        .isEqualTo(kept.path("result"));
  }

  /** No phase was trained from the new model yet, and so nothing keeps it as it was. */
  @Test
  void aNewModelFollowsTheSeedUntilAPhaseIsFinished() throws IOException {
    String fromNothing =
        THREE_PHASES.replace(
            "base_model: tiny-llama",
            "base_model: {init: random, config: tiny-llama/config.json, tokenizer: tiny-llama}");
    assertThatThrownBy(
            () -> runs.run(fromNothing, Start.BEGIN_OR_RESUME, new FailingIn("foundation")))
        .isInstanceOf(IOException.class);
    String otherSeed = fromNothing + "seed: 7\n";
    runs.run(otherSeed, Start.BEGIN_OR_RESUME);
    runs.run(otherSeed.replace("name: three", "name: whole"), Start.BEGIN_OR_RESUME);

    assertSameBytes(
        folder.resolve("runs/three/base/model.safetensors"),
        folder.resolve("runs/whole/base/model.safetensors"));
  }

  @Test
  void whatIsHeldByAnotherIsRefused() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);

    RunLock lock = RunLock.take(runs.request(THREE_PHASES, Start.BEGIN_OR_RESUME).run());
    try (lock) {
      assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("is being run by another process");
    }
    assertThat(runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME).kind())
        .isEqualTo(Kind.ALREADY_FINISHED);
  }

  @Test
  void freshMovesTheOldRunOutOfTheWay() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs/three"));

    assertThat(runs.run(THREE_PHASES, Start.FRESH).kind()).isEqualTo(Kind.FINISHED);
    assertThat(runs.run(THREE_PHASES, Start.FRESH).kind()).isEqualTo(Kind.FINISHED);
    assertThat(contentsBelow(folder.resolve("runs/three.old-1"))).isEqualTo(before);
    assertThat(folder.resolve("runs/three.old-2/phase-03-alignment/model")).isDirectory();
  }

  @Test
  void freshTouchesNothingWherePreflightFails() throws IOException {
    runs.run(THREE_PHASES, Start.BEGIN_OR_RESUME);
    Map<String, String> before = contentsBelow(folder.resolve("runs"));

    Files.delete(folder.resolve("b.jsonl"));
    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.FRESH))
        .isInstanceOf(InputException.class);
    assertThat(contentsBelow(folder.resolve("runs"))).isEqualTo(before);
  }

  @Test
  void resumeNeedsSomethingToResume() {
    assertThatThrownBy(() -> runs.run(THREE_PHASES, Start.RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is nothing to resume at");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aFolderThatIsNoRunIsLeftAlone() throws IOException {
    Path mine = Files.createDirectories(folder.resolve("runs/three")).resolve("thesis.txt");
    Files.writeString(mine, "mine");

    for (Start start : List.of(Start.BEGIN_OR_RESUME, Start.FRESH, Start.RESUME)) {
      assertThatThrownBy(() -> runs.run(THREE_PHASES, start))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("exists and is no run");
    }
    assertThat(filesBelow(folder.resolve("runs"))).containsExactly("three/thesis.txt");
  }

  /** How the phases stand in the report. */
  private List<String> reported() throws IOException {
    return runs.json("runs/three/report/report.json").path("phases").findValuesAsText("status");
  }

  private Path modelOf(String run, String phase) {
    return folder.resolve("runs").resolve(run).resolve(phase).resolve("model/model.safetensors");
  }

  /** Trains as {@link AddingTrainer} does, but for one phase that fails. */
  private record FailingIn(String phase, Supplier<? extends Exception> failure)
      implements PhaseTrainer {
    FailingIn(String phase) {
      this(phase, () -> new IOException("the disk is on fire"));
    }

    @Override
    public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
      return request.phase().name().equals(phase)
          ? new AddingTrainer.Otherwise(adding.plan(), (start, hears) -> fail())
          : adding;
    }

    private PhaseResult fail() throws IOException {
      Exception failing = failure.get();
      if (failing instanceof IOException io) {
        throw io;
      }
      throw (RuntimeException) failing;
    }
  }

  /** Trains as {@link AddingTrainer} does; one phase is asked to stop after its first step. */
  private record StoppedIn(String phase, Runnable ask) implements PhaseTrainer {
    @Override
    public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
      return request.phase().name().equals(phase)
          ? new AddingTrainer.Otherwise(
              adding.plan(), (start, hears) -> adding.train(start, asking(hears)))
          : adding;
    }

    private PhaseListener asking(PhaseListener listener) {
      return new ForwardingListener(listener) {
        @Override
        public void metrics(MetricsRow row) {
          super.metrics(row);
          ask.run();
        }
      };
    }
  }

  /** Must not be asked. */
  private record FailingTrainer(String message) implements PhaseTrainer {
    @Override
    public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
      throw new AssertionError(message);
    }
  }
}
