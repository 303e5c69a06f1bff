package dev.polyphase.trl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job that is killed or stopped goes on where it was, with the figures of one that was not. */
class LostEngineTest {
  private static final String TRAINED = "model.layers.1.mlp.up_proj.weight";

  @TempDir Path folder;
  private EngineRunner run;
  private final RecordingListener expected = new RecordingListener();

  @BeforeEach
  void train() throws IOException {
    String[] engine = PeerPython.processes(2);
    run =
        EngineRunner.of(folder, Fixture.LLAMA, TRAINED)
            .with(engine)
            .with(
                // Long enough that what is done in the midst of it is in time.
                "phases.one.max_steps=60",
                "phases.one.learning_rate=1e-4",
                "phases.one.engine.checkpoint_steps=10",
                "phases.one.shuffle=true");
    run.embedded("embedded", expected);
  }

  @Test
  void aKilledWorkerIsStartedAgain() throws IOException {
    AtomicBoolean killed = new AtomicBoolean();
    MetricsKeeper heard =
        new MetricsKeeper(
            row -> {
              if (row.step() == 15 && killed.compareAndSet(false, true)) {
                worker().destroyForcibly();
              }
            });

    run.engine("engine", heard);

    assertThat(killed).isTrue();
    assertThat(heard.resumed).isOne();
    assertThat(heard.notes)
        .anyMatch(note -> note.matches(".*; it is started again from step [1-5]0"));
    assertSame(heard.rows);
    assertSameModel();
  }

  @Test
  void aStoppedJobGoesOnInAnotherProcess() throws IOException {
    MetricsKeeper[] self = new MetricsKeeper[1];
    MetricsKeeper heard =
        new MetricsKeeper(
            row -> {
              if (row.step() == 15) {
                self[0].stop();
              }
            });
    self[0] = heard;

    assertThatThrownBy(() -> run.engine("engine", heard))
        .isInstanceOfSatisfying(
            InterruptedTrainingException.class,
            stopped -> assertThat(stopped.step()).isBetween(15L, 59L));
    Path engine = run.phaseFolder("engine").resolve("engine");
    assertThat(engine.resolve("stop")).doesNotExist();
    assertThat(workers()).isEmpty();

    heard.goOn();
    run.with("phases.one.engine.retries=0").engine("engine", heard);

    assertSame(heard.rows);
    assertSameModel();
    assertThat(Files.readAllLines(engine.resolve("progress.jsonl")))
        .filteredOn(line -> line.contains("\"start\""))
        .hasSize(2);
  }

  /** A worker of the job, of which torchrun is the parent. */
  private ProcessHandle worker() {
    return workers().stream()
        .filter(worker -> worker.children().findAny().isEmpty())
        .findFirst()
        .orElseThrow();
  }

  private List<ProcessHandle> workers() {
    String engine = run.phaseFolder("engine").toString();
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(engine))
        .toList();
  }

  private void assertSame(List<MetricsRow> rows) {
    assertThat(rows).hasSameSizeAs(expected.rows);
    for (int i = 0; i < rows.size(); i++) {
      MetricsRow other = expected.rows.get(i);
      assertThat(rows.get(i).step()).isEqualTo(other.step());
      for (String name : List.of("loss", "eval_loss", "grad_norm", "num_tokens")) {
        Number value = other.values().get(name);
        if (value != null) {
          assertThat(rows.get(i).values().get(name).doubleValue())
              .as("%s of row %d", name, i)
              .isCloseTo(value.doubleValue(), within(1e-4 * value.doubleValue()));
        }
      }
    }
  }

  private void assertSameModel() throws IOException {
    TensorValues.assertClose(
        TensorValues.of(run.phaseFolder("engine").resolve("model"), TRAINED),
        TensorValues.of(run.phaseFolder("embedded").resolve("model"), TRAINED));
  }
}
