package dev.polyphase.orchestrator.engine;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that go on in the middle of a phase, from what a trainer has kept there. */
class CheckpointResumeTest {
  private static final String PIPELINE =
      """
      name: two
      base_model: tiny-llama
      defaults: {learning_rate: 0.5, max_steps: 6, targeting: {top_percent: 50}}
      phases:
        - {name: first, type: sft, datasets: [{path: a.jsonl}]}
        - {name: second, type: sft, datasets: [{path: b.jsonl}]}
      """;
  private static final String WHOLE = PIPELINE.replace("name: two", "name: whole");
  private static final String FIRST = "runs/two/phase-01-first";
  private static final String SECOND = "runs/two/phase-02-second";

  @TempDir Path folder;
  private EngineRuns runs;

  @BeforeEach
  void modelAndData() throws IOException {
    runs = new EngineRuns(folder);
  }

  @Test
  void aStoppedPhaseGoesOnWhereItWas() throws IOException {
    runs.run(WHOLE, Start.BEGIN_OR_RESUME);

    RunOutcome stopped = runs.run(PIPELINE, Start.BEGIN_OR_RESUME, stopping("second", 4));

    assertThat(stopped.kind()).isEqualTo(Kind.INTERRUPTED);
    Path state = folder.resolve(SECOND).resolve("checkpoints/step-000004");
    assertThat(stopped.interruption().sentence("the same command"))
        .isEqualTo(
            "interrupted after step 4, the state is in %s; the same command goes on there"
                .formatted(state));
    assertThat(runs.messages())
        .contains(
            "phase 2/2 second: saved the state after step 4, < 0.1 MiB, for which training stood still for 0.3 s\n");
    assertThat(runs.json(SECOND + "/trainer_state.json").path("max_steps").intValue()).isEqualTo(6);

    runs.requestStop(false);
    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);

    assertThat(runs.messages())
        .contains("resuming %s after 1 of 2 phases, phase second after step 4\n".formatted(run()))
        .doesNotContain("without a word");
    assertLikeTheWhole();
    assertThat(figures("checkpoint_saved").get(0).toString())
        .endsWith("\"phase\":\"second\",\"step\":4,\"bytes\":100,\"seconds\":0.25}");
    assertThat(figures("phase_resumed"))
        .extracting(e -> e.path("step").intValue())
        .containsExactly(4);
    assertThat(figures("phase_started")).hasSize(2);
  }

  /** Rows beyond the checkpoint are dropped, and so is half of one. */
  @Test
  void aKilledPhaseGoesOnFromItsNewestCheckpoint() throws IOException {
    runs.run(WHOLE, Start.BEGIN_OR_RESUME);
    kill(dying("first", 5, 2));
    Files.writeString(
        folder.resolve(FIRST).resolve("metrics.jsonl"),
        "{\"step\":6,\"ep",
        StandardOpenOption.APPEND);
    Files.createDirectories(folder.resolve(FIRST).resolve("checkpoints/step-000006"));

    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);

    assertThat(runs.messages())
        .contains(
            "an earlier process of this run ended without a word in phase first\n",
            "resuming %s after 0 of 2 phases, phase first after step 4\n".formatted(run()));
    assertLikeTheWhole();
  }

  @ParameterizedTest
  @CsvSource({"save_total_limit: 1, false", "save_total_limit: 0, true", "save_steps: 2, true"})
  void checkpointsGoWhenTheirPhaseIsFinishedUnlessSomeoneAskedForThem(String setting, boolean stay)
      throws IOException {
    String limited = PIPELINE.replace("max_steps: 6", "max_steps: 6, " + setting);

    runs.run(limited, Start.BEGIN_OR_RESUME, new AddingTrainer(2));

    for (String phase : List.of(FIRST, SECOND)) {
      assertThat(Files.exists(folder.resolve(phase).resolve("checkpoints"))).isEqualTo(stay);
    }
  }

  /** A scan on another device might choose otherwise, and takes its time. */
  @Test
  void whatIsTrainedIsNotDecidedAnew() throws IOException {
    kill(dying("first", 5, 2));
    Path selection = folder.resolve(FIRST).resolve("selection.yaml");
    FileTime longAgo = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(selection, longAgo);
    String scanned = "scanned 28/28 modules";
    int scans = count(scanned);

    runs.run(PIPELINE, Start.BEGIN_OR_RESUME);

    assertThat(Files.getLastModifiedTime(selection)).isEqualTo(longAgo);
    // That of the second phase.
    assertThat(count(scanned)).isEqualTo(scans + 1);
  }

  @Test
  void whereNoCheckpointIsSoundThePhaseBeginsAnew() throws IOException {
    runs.run(WHOLE, Start.BEGIN_OR_RESUME);
    kill(dying("first", 5, 2));
    for (int step : new int[] {2, 4}) {
      Files.writeString(
          folder.resolve(FIRST).resolve("checkpoints/step-00000%d/state.json".formatted(step)),
          "{");
    }
    Path stale = folder.resolve(FIRST).resolve("rescans/step-000004");
    Files.createDirectories(stale);

    runs.run(PIPELINE, Start.BEGIN_OR_RESUME);

    assertThat(stale).doesNotExist();
    assertThat(figures("phase_resumed")).isEmpty();
    assertThat(figures("phase_started")).hasSize(3);
    assertLikeTheWhole();
  }

  @Test
  void someSettingsMayChangeInTheMiddle() throws IOException {
    kill(dying("first", 5, 3));

    runs.run(
        PIPELINE.replace(
            "learning_rate: 0.5, max_steps: 6",
            "learning_rate: 0.25, max_steps: 4, max_grad_norm: 0.5"),
        Start.BEGIN_OR_RESUME);

    assertThat(runs.messages())
        .contains(
            "phase first goes on with learning_rate 0.25, which was 0.5, max_grad_norm 0.5, which was 1, max_steps 4, which was 6\n");
    assertThat(Files.readAllLines(folder.resolve(FIRST).resolve("metrics.jsonl"))).hasSize(4);
    JsonNode state = runs.json("runs/two/run.json").at("/phases/0");
    assertThat(state.at("/settings/learning_rate").textValue()).isEqualTo("0.25");
    assertThat(state.path("data").has("a.jsonl")).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "type: sft, | type: cpt, | phases.first.type is cpt, but the phase began with sft",
        "top_percent: 50 | top_percent: 75 | phases.first.targeting.top_percent is 75, but the phase began with 50",
        "name: two | name: two\\nseed: 7 | seed is 7, but the phase began with 42",
        "name: first | name: other | the phase first, which was begun, is not the next any more",
      })
  void othersMayNot(String then, String now, String problem) throws IOException {
    kill(dying("first", 5, 3));
    Map<String, String> before = EngineRuns.contentsBelow(folder.resolve("runs"));
    String changed = PIPELINE.replaceFirst(then, now.replace("\\n", "\n"));

    assertThatThrownBy(() -> runs.run(changed, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s; put it back, or remove the folder %s, so that this phase begins anew, or start the run anew with --fresh"
                .formatted(problem, folder.resolve(FIRST).resolve("checkpoints")));
    assertThat(EngineRuns.contentsBelow(folder.resolve("runs"))).isEqualTo(before);

    dropCheckpoints();
    assertThat(runs.run(changed, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @Test
  void norMayData() throws IOException {
    kill(dying("second", 5, 3));
    Files.writeString(folder.resolve("b.jsonl"), "{\"text\": \"other\"}\n");

    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("the data file b.jsonl has changed since the phase second began; ");
  }

  @Test
  void anotherLengthOfTheBaseIsWhyAProcessDied() throws IOException {
    kill(dying("first", 5, 0));
    Path weights = folder.resolve("tiny-llama/model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(whole, 1_000_000));

    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "an earlier process of this run ended without a word in phase first, and what it was training from is not what it was: %s had %s bytes and has 1,000,000 now; put it back, or start the run anew with --fresh"
                .formatted(weights, Numbers.whole(whole.length)));

    // Put back, it is the same, whenever it was written.
    Files.write(weights, whole);
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));
    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @Test
  void aPhaseGoesOnWithTheWeightsThatItBeganWithAlone() throws IOException {
    kill(dying("first", 5, 3));
    Path weights = folder.resolve("tiny-llama/model.safetensors");
    byte[] values = Files.readAllBytes(weights);
    values[values.length - 1] ^= 1;
    Files.write(weights, values);
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));

    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "%s has %s bytes as before, but others, which were written at 1970-01-01T00:16:40Z; put it back, or remove the folder "
                .formatted(weights, Numbers.whole(values.length)));

    // One that begins anew may begin with others.
    dropCheckpoints();
    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "config.json"})
  void aPhaseGoesOnWithTheReferenceThatItBeganWithAlone(String file) throws IOException {
    Path reference = Files.createDirectory(folder.resolve("reference"));
    for (String one : List.of("model.safetensors", "config.json")) {
      Files.copy(folder.resolve("tiny-llama").resolve(one), reference.resolve(one));
    }
    String compared =
        PIPELINE.replace(
            "{name: first, type: sft,", "{name: first, type: dpo, dpo: {reference: reference},");
    assertThatThrownBy(() -> runs.run(compared, Start.BEGIN_OR_RESUME, dying("first", 5, 3)))
        .isInstanceOf(IllegalStateException.class);
    byte[] content = Files.readAllBytes(reference.resolve(file));
    Files.write(reference.resolve(file), Arrays.copyOf(content, content.length - 1));

    assertThatThrownBy(() -> runs.run(compared, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "the reference of phase first is not what it was when the phase began: %s had %s bytes and has %s now; put it back, or remove the folder %s, so that this phase begins anew, or start the run anew with --fresh"
                .formatted(
                    reference.resolve(file),
                    Numbers.whole(content.length),
                    Numbers.whole(content.length - 1),
                    folder.resolve(FIRST).resolve("checkpoints")));

    Files.write(reference.resolve(file), content);
    assertThat(runs.run(compared, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);
  }

  @Test
  void aNewModelStaysWhileAPhaseGoesOnFromIt() throws IOException {
    String random = "{init: random, config: tiny-llama/config.json, tokenizer: tiny-llama}";
    String fromNothing = PIPELINE.replace("tiny-llama", random);
    runs.run(WHOLE.replace("tiny-llama", random), Start.BEGIN_OR_RESUME);
    assertThatThrownBy(() -> runs.run(fromNothing, Start.BEGIN_OR_RESUME, dying("first", 5, 3)))
        .isInstanceOf(IllegalStateException.class);
    Path base = folder.resolve("runs/two/base/model.safetensors");
    FileTime made = Files.getLastModifiedTime(base);

    runs.run(fromNothing, Start.BEGIN_OR_RESUME);

    assertThat(Files.getLastModifiedTime(base)).isEqualTo(made);
    assertLikeTheWhole();
  }

  @Test
  void aBaseWithMoreTokensStaysWhileAPhaseGoesOnFromIt() throws IOException {
    String more = "tokens: [<x>]\n";
    runs.run(WHOLE + more, Start.BEGIN_OR_RESUME);
    assertThatThrownBy(() -> runs.run(PIPELINE + more, Start.BEGIN_OR_RESUME, dying("first", 5, 3)))
        .isInstanceOf(IllegalStateException.class);
    Path base = folder.resolve("runs/two/base/model.safetensors");
    FileTime made = Files.getLastModifiedTime(base);
    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("tokens[0]");

    runs.run(PIPELINE + more, Start.BEGIN_OR_RESUME);

    assertThat(Files.getLastModifiedTime(base)).isEqualTo(made);
    assertLikeTheWhole();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 2})
  void aBadStepIsRemembered(long saveEvery) throws IOException {
    kill(dying("first", 3, saveEvery));
    Path phase = folder.resolve(FIRST);
    Files.createDirectory(phase.resolve("last-good"));
    Files.writeString(phase.resolve("last-good/config.json"), "{}");
    Files.writeString(phase.resolve("failed-step.json"), "{\"step\": 4, \"loss\": \"NaN\"}");

    runs.run(PIPELINE, Start.BEGIN_OR_RESUME);

    String failed =
        "phase first ended at step 4, whose loss was NaN and whose rows are in %s; it "
            .formatted(phase.resolve("failed-step.json"));
    if (saveEvery > 0) {
      assertThat(runs.messages()).contains(failed + "goes on after step 2\n");
      assertThat(phase.resolve("last-good/config.json")).hasContent("{}");
      assertThat(phase.resolve("failed-step.json")).exists();
    } else {
      assertThat(runs.messages())
          .contains(
              failed + "begins anew\n", phase.resolve("last-good") + " is now last-good.old-1\n");
      assertThat(phase.resolve("last-good.old-1/config.json")).hasContent("{}");
      assertThat(phase.resolve("failed-step.old-1.json")).exists();
      assertThat(phase.resolve("failed-step.json")).doesNotExist();
    }
  }

  /** It is made good by whatever start comes next, also of a run that is finished. */
  @Test
  void aCardThatCouldNotBeWrittenIsMadeGood() throws IOException {
    Path inTheWay = folder.resolve("tiny-llama/heatmap.png");
    Files.createDirectory(inTheWay);
    Files.writeString(inTheWay.resolve("file"), "in the way");

    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);

    assertThat(runs.messages())
        .contains("the model card of phase first can't be written now")
        .contains(
            "the model card of phase second could not be written (%s: this is a folder, and a file is needed); the same command writes it\n"
                .formatted(folder.resolve(SECOND).resolve("model/heatmap.png")));
    assertThat(runs.json("runs/two/run.json").path("message").textValue())
        .isEqualTo(
            "still to be written: the model card of phase first, the model card of phase second");
    for (String phase : List.of(FIRST, SECOND)) {
      Path picture = folder.resolve(phase).resolve("model/heatmap.png");
      Files.delete(picture.resolve("file"));
      Files.delete(picture);
    }

    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME, nobody()).kind()).isEqualTo(Kind.FINISHED);

    for (String phase : List.of(FIRST, SECOND)) {
      assertThat(folder.resolve(phase).resolve("model/README.md")).content().contains("Polyphase");
      assertThat(folder.resolve(phase).resolve("model/heatmap.png")).isRegularFile();
      assertThat(folder.resolve(phase).resolve("result.json")).doesNotExist();
    }
    assertThat(runs.json("runs/two/run.json").path("message").isNull()).isTrue();
    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME, nobody()).kind())
        .isEqualTo(Kind.ALREADY_FINISHED);
  }

  /** What killed processes of earlier versions left says nothing of what it is. */
  @Test
  void aModelOfWhichNothingIsKnownIsKeptAside() throws IOException {
    kill(dying("first", 3, 0));
    Files.createDirectory(folder.resolve(FIRST).resolve("model"));

    runs.run(PIPELINE, Start.BEGIN_OR_RESUME);

    assertThat(folder.resolve(FIRST).resolve("model.old-1")).isEmptyDirectory();
    assertThat(folder.resolve(FIRST).resolve("model/README.md")).exists();
  }

  /** By a file in the run's folder, which is looked for at the first step. */
  @Test
  void whoAsksForACheckpointGetsOneAndTheRunGoesOn() throws IOException {
    kill(dying("first", 3, 0));
    Path save = Files.createFile(run().resolve("save"));

    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME).kind()).isEqualTo(Kind.FINISHED);

    assertThat(save).doesNotExist();
    assertThat(figures("checkpoint_saved"))
        .extracting(event -> event.path("step").intValue())
        .containsExactly(1);
  }

  private Path run() {
    return folder.resolve("runs/two");
  }

  /** As if nothing had happened; the clock of these runs stands still. */
  private void assertLikeTheWhole() throws IOException {
    for (String phase : List.of("phase-01-first", "phase-02-second")) {
      for (String file :
          List.of(
              "metrics.jsonl",
              "trainer_state.json",
              "snr.json",
              "selection.yaml",
              "model/model.safetensors",
              "model/config.json")) {
        assertSameBytes(
            run().resolve(phase).resolve(file),
            folder.resolve("runs/whole").resolve(phase).resolve(file));
      }
    }
  }

  private void dropCheckpoints() throws IOException {
    FolderTree.remove(folder.resolve(FIRST).resolve("checkpoints"));
  }

  private int count(String sentence) {
    return runs.messages().split(Pattern.quote(sentence), -1).length - 1;
  }

  private List<JsonNode> figures(String event) throws IOException {
    List<JsonNode> events = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("runs/two/events.jsonl"))) {
      JsonNode json = new ObjectMapper().readTree(line);
      if (json.path("event").textValue().equals(event)) {
        events.add(json);
      }
    }
    return events;
  }

  /** Runs till the trainer dies, and leaves the state as a process does that was killed. */
  private void kill(PhaseTrainer trainer) throws IOException {
    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME, trainer))
        .isInstanceOf(IllegalStateException.class);
    ObjectNode state = (ObjectNode) runs.json("runs/two/run.json");
    state.put("status", "running").putNull("message");
    Files.writeString(folder.resolve("runs/two/run.json"), state.toString());
  }

  private PhaseTrainer stopping(String phase, long step) {
    return altered(
        phase,
        0,
        row -> {
          if (row == step) {
            runs.requestStop(true);
          }
          return false;
        });
  }

  private static PhaseTrainer dying(String phase, long step, long saveEvery) {
    return altered(phase, saveEvery, row -> row == step);
  }

  private static PhaseTrainer nobody() {
    return (request, listener) -> {
      throw new AssertionError("nobody trains");
    };
  }

  /**
   * Trains as {@link AddingTrainer} does, but for one phase, in which somebody looks at each row.
   *
   * @param dies whether the process dies at this step
   */
  private static PhaseTrainer altered(String phase, long saveEvery, LongPredicate dies) {
    return new PhaseTrainer() {
      @Override
      public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
        PreparedPhase adding = new AddingTrainer(saveEvery).prepare(request, listener);
        return request.phase().name().equals(phase)
            ? new AddingTrainer.Otherwise(
                adding.plan(), (start, hears) -> adding.train(start, looking(hears)))
            : adding;
      }

      private PhaseListener looking(PhaseListener listener) {
        return new ForwardingListener(listener) {
          @Override
          public void metrics(MetricsRow row) {
            super.metrics(row);
            if (dies.test(row.step())) {
              throw new IllegalStateException("killed");
            }
          }
        };
      }
    };
  }
}
