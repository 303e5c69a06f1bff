package dev.polyphase.phases.training;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.batches.ValidationSplit;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DjlPhaseTrainerTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path folder;

  @Test
  void plansWhatItWillDo() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(20, 70, 5, 9, 9);

    PhasePlan plan =
        run.check(
            "phases.one.max_steps=null",
            "phases.one.num_epochs=1.5",
            "phases.one.micro_batch_size=2");

    // The row of 70 is cut at 64; three micro-batches an epoch, of which half are rounded up.
    assertThat(plan.data().pieces()).isEqualTo(5);
    assertThat(plan.data().tokens()).isEqualTo(20 + 64 + 5 + 9 + 9);
    assertThat(plan.steps()).isEqualTo(5);
    assertThat(plan.heldOut()).isNull();
  }

  @Test
  void doesWhatItPlans() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(20, 70, 5, 9, 9);
    String[] settings = {
      "phases.one.max_steps=null", "phases.one.num_epochs=1.5", "phases.one.micro_batch_size=2"
    };

    PhasePlan plan = run.check(settings);
    PhaseResult result = run.train("result", new RecordingListener(), settings);

    assertThat(result.steps()).isEqualTo(plan.steps());
    assertThat(result.tokens()).isEqualTo(plan.totalTokens());
    assertThat(result.trainedValues()).isEqualTo(plan.trainedValues());
  }

  /** Its rows are read once, whatever it is trained from. */
  @Test
  void aPreparedPhaseIsTrainedFromWhatThePhaseBeforeItLeft() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP, NORM).withRows(30, 12, 5, 21);
    PhaseRequest second = run.request("second", "phases.one.micro_batch_size=2");
    PreparedPhase prepared = SftRun.trainer().prepare(second, ReadingListener.NOBODY);
    run.train("first", new RecordingListener());
    PhaseStart start = new PhaseStart(folder.resolve("first"), Set.of(NORM));
    SftRun.train(
        run.request("expected", "phases.one.micro_batch_size=2").from(start),
        new RecordingListener());
    Files.delete(folder.resolve("rows.jsonl"));

    prepared.train(start, new RecordingListener());

    for (String name : FileNames.in(run.base())) {
      assertSameBytes(
          folder.resolve("second").resolve(name), folder.resolve("expected").resolve(name));
    }
    assertThat(folder.resolve("second/model.safetensors"))
        .binaryContent()
        .isNotEqualTo(Files.readAllBytes(folder.resolve("first/model.safetensors")));
  }

  /** Of tensors and carried files all bytes; a header has some of its own. */
  @ParameterizedTest
  @CsvSource({"base, 4", "bfloat16, 2"})
  void saysWhatItsResultAndItsCheckpointsTakeOnTheDisk(String dtype, int valueBytes)
      throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(12);

    PhasePlan plan = run.check("save_dtype=" + dtype);
    run.train("result", new RecordingListener(), "save_dtype=" + dtype);

    long written = 0;
    for (String name : FileNames.in(folder.resolve("result"))) {
      written += Files.size(folder.resolve("result").resolve(name));
    }
    assertThat(written - plan.resultBytes()).isBetween(0L, 1L << 13);
    assertThat(plan.resultBytes()).isGreaterThan(valueBytes * plan.modelValues());
    // A master weight and the two states of AdamW, 4 bytes each.
    assertThat(plan.checkpointBytes()).isEqualTo(12L * 160 * 64);
  }

  @Test
  void samePhaseTwiceGivesTheSameBytes() throws IOException {
    SftRun run =
        SftRun.ofLlama(folder, UP, NORM, "model.embed_tokens.weight").withRows(30, 12, 5, 21);
    String[] settings = {
      "phases.one.shuffle=true", "phases.one.micro_batch_size=2", "phases.one.max_steps=4"
    };

    run.train("first", new RecordingListener(), settings);
    run.train("second", new RecordingListener(), settings);

    for (String name : FileNames.in(run.base())) {
      assertThat(Files.readAllBytes(folder.resolve("second").resolve(name)))
          .as(name)
          .isEqualTo(Files.readAllBytes(folder.resolve("first").resolve(name)));
    }
  }

  @Test
  void logsTheMeanOfEachWindowAndTheLastStep() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(30, 12, 5, 21, 8);
    RecordingListener every = new RecordingListener();
    RecordingListener third = new RecordingListener();
    String[] settings = {
      "phases.one.max_steps=5", "phases.one.lr_scheduler=linear", "phases.one.warmup_steps=1"
    };

    run.train("every", every, settings);
    run.train(
        "third",
        third,
        Stream.concat(Stream.of(settings), Stream.of("phases.one.logging_steps=3"))
            .toArray(String[]::new));

    double[] losses = every.series("loss");
    assertThat(third.series("step")).containsExactly(3, 5);
    assertThat(third.series("loss"))
        .containsExactly(
            new double[] {(losses[0] + losses[1] + losses[2]) / 3, (losses[3] + losses[4]) / 2},
            within(1e-12));
    assertThat(third.series("num_tokens")).containsExactly(30 + 12 + 5, 76);
    assertThat(third.series("epoch")).containsExactly(0.6, 1);
    double[] norms = every.series("grad_norm");
    assertThat(third.series("grad_norm")).containsExactly(norms[2], norms[4]);
    assertThat(every.series("learning_rate"))
        .containsExactly(new double[] {0, 1e-3, 0.75e-3, 0.5e-3, 0.25e-3}, within(1e-18));
    assertThat(every.rows.get(0).values().keySet())
        .containsExactly(
            "step",
            "epoch",
            "loss",
            "grad_norm",
            "learning_rate",
            "num_tokens",
            "tokens_per_second");
  }

  /** At the rate 0 of a warm-up's first step nothing moves. */
  @Test
  void firstStepOfAWarmupChangesNothing() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(30);

    PhaseResult result =
        run.train(
            "result",
            new RecordingListener(),
            "phases.one.max_steps=1",
            "phases.one.warmup_steps=4",
            "phases.one.weight_decay=0.5");

    assertThat(result.changedValues()).isZero();
    assertThat(TensorValues.bytes(Checkpoint.open(folder.resolve("result")).find(UP).orElseThrow()))
        .isEqualTo(TensorValues.bytes(Checkpoint.open(run.base()).find(UP).orElseThrow()));
  }

  /** The held-out loss before the phase is that of the published rows, whatever is trained. */
  @ParameterizedTest
  @CsvSource({"1", "2", "3"})
  void measuresHeldOutRowsBeforeAndAfter(int microBatchSize) throws IOException {
    JsonNode golden = Fixture.LLAMA.golden();
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.append("{\"input_ids\": ").append(golden.path("input_ids").path(i));
      rows.append(", \"labels\": ").append(golden.path("sft").path("labels").path(i));
      rows.append("}\n");
    }
    Files.writeString(folder.resolve("held-out.jsonl"), rows);
    SftRun run = SftRun.ofLlama(folder, UP).withRows(30, 12);
    RecordingListener heard = new RecordingListener();
    String[] settings = {
      "phases.one.eval_datasets=[{path: held-out.jsonl}]",
      "phases.one.micro_batch_size=" + microBatchSize,
      "phases.one.learning_rate=1e-12"
    };

    assertThat(run.check(settings).heldOut())
        .isNotNull()
        .extracting(DataCounts::kept)
        .isEqualTo(3L);
    run.train("result", heard, settings);

    assertThat(heard.rows).hasSize(4);
    for (MetricsRow row : List.of(heard.rows.get(0), heard.rows.get(3))) {
      double loss = golden.path("sft").path("loss").doubleValue();
      assertThat(row.values().get("eval_loss").doubleValue()).isCloseTo(loss, within(1e-4 * loss));
      assertThat(row.values()).doesNotContainKey("loss");
    }
    assertThat(heard.rows.get(0).step()).isZero();
    assertThat(heard.rows.get(3).step()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "2, 1", "4, 3"})
  void stopsWhereAskedToAndLeavesItsStateAlone(int question, long stepsTaken) throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(30, 12, 5, 21);
    Set<String> before = new TreeSet<>(FileNames.in(folder));

    assertThatThrownBy(() -> run.train("result", new Impatient(question), "phases.one.max_steps=4"))
        .isInstanceOfSatisfying(
            InterruptedTrainingException.class, e -> assertThat(e.step()).isEqualTo(stepsTaken));
    if (stepsTaken > 0) {
      before.add("checkpoints");
    }
    assertThat(FileNames.in(folder)).isEqualTo(before);
  }

  @Test
  void aResultThatExistsIsRefusedBeforeTheFirstStep() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(12);
    Path mine = Files.createDirectory(folder.resolve("result")).resolve("thesis.txt");
    Files.writeString(mine, "mine");
    RecordingListener heard = new RecordingListener();

    assertThatThrownBy(() -> run.train("result", heard))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder.resolve("result") + ": this exists already; name a folder that does not");
    assertThat(heard.rows).isEmpty();
    assertThat(mine).hasContent("mine");
  }

  @Test
  void unknownTensorsAreNamed() throws IOException {
    SftRun run =
        SftRun.ofLlama(folder, UP, "model.layers.9.mlp.up_proj.weight", "lm_head.bias")
            .withRows(12);

    for (String problem : List.of(message(() -> run.check()), message(() -> train(run)))) {
      assertThat(problem)
          .isEqualTo(
              run.base()
                  + ": the model has no parameters named [lm_head.bias,"
                  + " model.layers.9.mlp.up_proj.weight] to train");
    }
    assertThat(folder.resolve("result")).doesNotExist();
  }

  @Test
  void rowsThatAreWrongAreNamed() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP);
    Path rows = folder.resolve("rows.jsonl");
    Files.writeString(rows, "{\"input_ids\": [1, 272], \"labels\": [1, 2]}\n{\"input_ids\": [1]");

    InputException e = catchThrowableOfType(InputException.class, () -> train(run));

    assertThat(e.problems()).hasSize(3);
    assertThat(e)
        .hasMessageContaining("rows.jsonl:1: ")
        .hasMessageContaining("rows.jsonl:2:18: ")
        .hasMessageContaining("2 of the 2 rows of rows.jsonl are wrong");
    assertThat(folder.resolve("result")).doesNotExist();
  }

  @Test
  void dataProblemsNameTheirPhase() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(12);

    assertThat(message(() -> run.check("phases.one.datasets=[{path: none.jsonl}]")))
        .startsWith("phases.one.datasets[0].path: no file matches none.jsonl in ");
    assertThat(message(() -> run.check("phases.one.eval_datasets=[{path: a.parquet}]")))
        .startsWith("phases.one.eval_datasets[0].path: no file matches a.parquet in ");
  }

  @Test
  void saysHowManyRowsWereCutOrLeftOut() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(70, 12, 1, 80);
    RecordingListener heard = new RecordingListener();

    PhaseRequest request = run.request("result");
    SftRun.trainer().prepare(request, heard).train(request.start(), heard);

    assertThat(heard.notes.get(0))
        .isEqualTo(
            "4 rows read: 3 kept, 2 of them cut to sequence_len 64; 0 dropped, as no token that"
                + " carries loss was left; 1 without loss at any length");
    assertThat(heard.lastRead).endsWith("rows.jsonl 4");
  }

  /** Of each row the first third carries no loss: of 200 tokens the first 66. */
  @Test
  void planAndResultCountTheRowsThatWereRead() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(200, 70, 12, 1, 80, 300);
    String heldOut = "phases.one.eval_datasets=[{path: others.jsonl}]";
    DataCounts counts = new DataCounts(6, 3, 2, 2, 1, 0, 0, 3, 64 + 12 + 64);

    PhasePlan plan = run.check(heldOut);
    PhaseResult result = run.train("result", new RecordingListener(), heldOut);

    assertThat(plan.data()).isEqualTo(counts).isEqualTo(result.data());
    assertThat(plan.heldOut()).isEqualTo(counts).isEqualTo(result.heldOut());
  }

  /** Three rows are kept; of the seed's draw one of the two that are cut is held out. */
  @Test
  void whatIsDrawnToBeHeldOutCountsThereAlone() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(200, 70, 12, 1, 80, 300);
    boolean whole = ValidationSplit.of(3, 1, 42).heldOut()[0] == 1;
    int cut = whole ? 0 : 1;
    int tokens = whole ? 12 : 64;

    PhasePlan plan = run.check("phases.one.val_set_size=1");

    assertThat(plan.heldOut()).isEqualTo(new DataCounts(1, 1, cut, 0, 0, 0, 0, 1, tokens));
    assertThat(plan.data())
        .isEqualTo(new DataCounts(5, 2, 2 - cut, 2, 1, 0, 0, 2, 64 + 12 + 64 - tokens));
  }

  private PhaseResult train(SftRun run, String... settings) throws IOException {
    return run.train("result", new RecordingListener(), settings);
  }

  private static String message(ThrowingCallable call) {
    return catchThrowableOfType(InputException.class, call).getMessage();
  }

  /** Wants to stop from a question on. */
  private static final class Impatient implements PhaseListener {
    private final int from;
    private int questions;

    private Impatient(int from) {
      this.from = from;
    }

    @Override
    public void metrics(MetricsRow row) {}

    @Override
    public void note(String sentence) {}

    @Override
    public boolean stopRequested() {
      questions++;
      return questions >= from;
    }
  }
}
