package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Phases that another engine trains, whose job may live longer than our process. */
class JobsOfEnginesTest {
  private static final String PIPELINE =
      """
      name: one
      base_model: tiny-llama
      defaults: {learning_rate: 0.5, max_steps: 6, targeting: {top_percent: 50}}
      phases:
        - {name: only, type: sft, datasets: [{path: a.jsonl}],
           engine: {type: trl, launch: slurm, nodes: 2, processes_per_node: 4, retries: 2}}
      """;
  private static final String ONLY = "runs/one/phase-01-only";

  @TempDir Path folder;
  private EngineRuns runs;

  /** Whether the job of an earlier start was there when the phase was trained, by start. */
  private final List<Boolean> foundJob = new ArrayList<>();

  @BeforeEach
  void modelAndData() throws IOException {
    runs = new EngineRuns(folder);
  }

  @Test
  void aJobWithoutACheckpointGoesOn() throws IOException {
    kill(0);
    Path selection = folder.resolve(ONLY).resolve("selection.yaml");
    FileTime longAgo = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(selection, longAgo);

    assertThat(runs.run(PIPELINE, Start.BEGIN_OR_RESUME, finishing()).kind())
        .isEqualTo(Kind.FINISHED);

    assertThat(foundJob).containsExactly(false, true);
    assertThat(runs.ended()).isEmpty();
    assertThat(Files.getLastModifiedTime(selection)).isEqualTo(longAgo);
    assertThat(runs.messages())
        .contains("after 0 of 1 phases, phase only with its job in %s\n".formatted(engine()));
  }

  /** Nothing is lost with it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "top_percent: 50 | top_percent: 75",
        "learning_rate: 0.5 | learning_rate: 0.25",
        "nodes: 2 | nodes: 1",
        "type: trl | type: embedded",
        "name: one | name: one\\nseed: 7",
      })
  void whereSomethingHasChangedItIsEndedAndThePhaseBeginsAnew(String then, String now)
      throws IOException {
    kill(0);

    String changed = PIPELINE.replace(then, now.replace("\\n", "\n"));
    assertThat(runs.run(changed, Start.BEGIN_OR_RESUME, finishing()).kind())
        .isEqualTo(Kind.FINISHED);

    assertThat(runs.ended()).containsExactly(engine());
    assertThat(foundJob).containsExactly(false, false);
    assertThat(runs.messages())
        .contains("phase only begins anew: the job in %s is ended\n".formatted(engine()));
  }

  @Test
  void soItIsWhereTheWeightsOrTheRowsHave() throws IOException {
    kill(0);
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"other\"}\n");
    kill(0);
    Path weights = folder.resolve("tiny-llama/model.safetensors");
    byte[] values = Files.readAllBytes(weights);
    values[values.length - 1] ^= 1;
    Files.write(weights, values);
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));

    runs.run(PIPELINE, Start.BEGIN_OR_RESUME, finishing());

    assertThat(foundJob).containsExactly(false, false, false);
    assertThat(runs.ended()).containsExactly(engine(), engine());
  }

  @Test
  void aRunThatIsMovedAwayHasItsJobsEnded() throws IOException {
    kill(3);

    runs.run(PIPELINE, Start.FRESH, finishing());

    assertThat(runs.ended()).containsExactly(engine());
    assertThat(foundJob).containsExactly(false, false);
    assertThat(folder.resolve("runs/one.old-1/phase-01-only/engine/job.json")).exists();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "retries: 2 | retries: 5 | engine.retries 5, which was 2",
        "retries: 2 | python: /venv/bin/python | engine.python /venv/bin/python, which was not set",
        "launch: slurm | launch: \"go {driver} {job}\" | engine.launch go {driver} {job}, which was slurm",
        "nodes: 2, processes_per_node: 4 | nodes: 4, processes_per_node: 2 | engine.nodes 4, which was 2",
        "max_steps: 6 | max_steps: 6, save_total_limit: 1 | save_total_limit 1, which was 2",
      })
  void howAnEngineIsStartedMayChangeInTheMiddle(String then, String now, String told)
      throws IOException {
    kill(3);

    runs.run(PIPELINE.replace(then, now), Start.BEGIN_OR_RESUME, finishing());

    assertThat(foundJob).containsExactly(false, true);
    assertThat(runs.ended()).isEmpty();
    assertThat(runs.messages())
        .contains("phase only goes on with ", told, ", phase only after step 3\n");
  }

  /** The job would be another one, which can't take over what this one has done. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "processes_per_node: 4 | processes_per_node: 2 | engine.processes_per_node is 2, but the phase began with 4",
        "learning_rate: 0.5 | learning_rate: 0.25 | learning_rate is 0.25, but the phase began with 0.5",
        "max_steps: 6 | max_steps: 7 | max_steps is 7, but the phase began with 6",
        "type: trl | type: embedded | engine.type is not set, but the phase began with trl",
      })
  void whatWouldLoseCheckpointsIsRefused(String then, String now, String problem)
      throws IOException {
    kill(3);
    String changed = PIPELINE.replace(then, now);

    assertThatThrownBy(() -> runs.run(changed, Start.BEGIN_OR_RESUME, finishing()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "phases.only.%s; put it back, or remove the folder %s, so that this phase begins anew, or start the run anew with --fresh"
                .formatted(problem, engine().resolve("checkpoints")));
    assertThat(runs.ended()).isEmpty();
  }

  @Test
  void howItWasTrainedMayChangeOnceItIsButNotByWhat() throws IOException {
    String two =
        PIPELINE
            + "  - {name: next, type: sft, datasets: [{path: b.jsonl}], targeting: {top_percent: 25}}\n";
    assertThatThrownBy(
            () ->
                runs.run(
                    two,
                    Start.BEGIN_OR_RESUME,
                    (request, listener) -> {
                      if (request.phase().name().equals("only")) {
                        return finishing().prepare(request, listener);
                      }
                      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
                      return new AddingTrainer.Otherwise(
                          adding.plan(),
                          (start, told) -> {
                            throw new IllegalStateException("killed");
                          });
                    }))
        .hasMessage("killed");

    assertThatThrownBy(
            () -> runs.run(two.replace("type: trl", "type: embedded"), Start.BEGIN_OR_RESUME))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "phases.only.engine.type is not set, but the phase was trained with trl");
    assertThat(runs.run(two.replace("nodes: 2", "nodes: 1"), Start.BEGIN_OR_RESUME).kind())
        .isEqualTo(Kind.FINISHED);
  }

  @ParameterizedTest
  @CsvSource({"1, false", "0, true"})
  void whatIsLargeGoesWhenThePhaseIsFinished(int limit, boolean checkpointsStay)
      throws IOException {
    String limited = PIPELINE.replace("max_steps: 6", "max_steps: 6, save_total_limit: " + limit);
    kill(limited, 3);
    Files.writeString(engine().resolve("train.jsonl"), "{}\n");

    runs.run(limited, Start.BEGIN_OR_RESUME, finishing());

    assertThat(engine().resolve("job.json")).exists();
    assertThat(engine().resolve("train.jsonl")).doesNotExist();
    assertThat(Files.exists(engine().resolve("checkpoints"))).isEqualTo(checkpointsStay);
  }

  /** An engine that is lost goes on from a checkpoint while the phase is trained. */
  @Test
  void aPhaseMayGoBackWhileItIsTrained() throws IOException {
    List<RunEvent> resumed = new ArrayList<>();
    runs.observe(
        happened -> {
          if (happened.event() instanceof PhaseResumed) {
            resumed.add(happened.event());
          }
        });
    PhaseTrainer lost =
        elsewhere(
            (listener, inner) -> {
              rows(listener, 1, 4);
              listener.resumed(2, 2);
              rows(listener, 3, 5);
              listener.resumed(0, 0);
              rows(listener, 1, 5);
            });

    runs.run(PIPELINE.replace("max_steps: 6", "max_steps: 1"), Start.BEGIN_OR_RESUME, lost);

    assertThat(resumed).containsExactly(new PhaseResumed(2, 20), new PhaseResumed(0, 0));
    assertThat(Files.readAllLines(folder.resolve(ONLY).resolve("metrics.jsonl")))
        .startsWith(
            LongStream.rangeClosed(1, 5)
                .mapToObj("{\"step\":%1$d,\"loss\":0.5,\"num_tokens\":%1$d0}"::formatted)
                .toArray(String[]::new))
        .hasSize(6);
    assertThat(runs.messages()).doesNotContain("are lost");
  }

  /** What was done while nobody watched is not told twice. */
  @Test
  void rowsThatAreThereAlreadyStand() throws IOException {
    assertThatThrownBy(
            () ->
                runs.run(
                    PIPELINE,
                    Start.BEGIN_OR_RESUME,
                    elsewhere(
                        (listener, job) -> {
                          rows(listener, 1, 3);
                          throw new IllegalStateException("killed");
                        })))
        .hasMessage("killed");
    List<Long> common = new ArrayList<>();

    runs.run(
        PIPELINE,
        Start.BEGIN_OR_RESUME,
        elsewhere(
            (listener, job) -> {
              List<MetricsRow> done =
                  LongStream.rangeClosed(1, 5).mapToObj(JobsOfEnginesTest::row).toList();
              common.add(listener.inCommon(done));
              listener.resumed(3, 3);
              rows(listener, 4, 5);
            }));

    assertThat(common).containsExactly(3L);
    assertThat(Files.readAllLines(folder.resolve(ONLY).resolve("metrics.jsonl")).subList(0, 5))
        .isEqualTo(
            LongStream.rangeClosed(1, 5)
                .mapToObj("{\"step\":%1$d,\"loss\":0.5,\"num_tokens\":%1$d0}"::formatted)
                .toList());
  }

  @Test
  void wantOfMemoryNamesWhatHelpsThere() {
    PhaseTrainer full =
        elsewhere(
            (listener, job) -> {
              throw new OutOfMemoryException(new IllegalStateException("rank 3"));
            });

    assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME, full))
        .isInstanceOf(RunFailedException.class)
        .hasCauseInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("phase only ran out of memory");
  }

  private Path engine() {
    return folder.resolve(ONLY).resolve("engine");
  }

  /** Has a process die that had begun a job, with a checkpoint of a step unless that is 0. */
  private void kill(int step) {
    kill(PIPELINE, step);
  }

  private void kill(String pipeline, int step) {
    PhaseTrainer dying =
        elsewhere(
            (listener, job) -> {
              if (step > 0) {
                Path checkpoint =
                    Files.createDirectories(job.resolveSibling("checkpoints/checkpoint-" + step));
                Files.writeString(checkpoint.resolve("manifest.json"), "{}");
              }
              rows(listener, 1, Math.max(1, step));
              throw new IllegalStateException("killed");
            });
    assertThatThrownBy(() -> runs.run(pipeline, Start.BEGIN_OR_RESUME, dying)).hasMessage("killed");
  }

  private PhaseTrainer finishing() {
    return elsewhere((listener, job) -> {});
  }

  @FunctionalInterface
  private interface Working {
    /** What happens before the phase is trained to its end. */
    void on(PhaseListener listener, Path job) throws IOException;
  }

  /** Trains in our process, having left a job as another engine does. */
  private PhaseTrainer elsewhere(Working working) {
    return (request, listener) -> {
      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
      return new AddingTrainer.Otherwise(
          adding.plan(),
          (start, told) -> {
            Path job = request.result().resolveSibling("engine").resolve("job.json");
            foundJob.add(Files.exists(job));
            Files.createDirectories(job.getParent());
            Files.writeString(job, "{}");
            working.on(told, job);
            return adding.train(start, told);
          });
    };
  }

  private static void rows(PhaseListener listener, long from, long to) {
    LongStream.rangeClosed(from, to).mapToObj(JobsOfEnginesTest::row).forEach(listener::metrics);
  }

  private static MetricsRow row(long step) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("loss", 0.5);
    values.put("num_tokens", step * 10);
    return new MetricsRow(step, 6, values);
  }
}
