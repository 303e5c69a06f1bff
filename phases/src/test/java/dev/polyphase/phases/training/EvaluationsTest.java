package dev.polyphase.phases.training;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.DataCounts;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.batches.ValidationSplit;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Phases that look at held-out rows on their way. Nine rows of random tokens teach the model how
 * often each token comes, and then themselves: the loss of three others falls until about step 9
 * and rises from there on.
 */
class EvaluationsTest {
  private static final String[] OVERFITTING = {
    "phases.one.val_set_size=3",
    "phases.one.micro_batch_size=4",
    "phases.one.learning_rate=1e-2",
    "phases.one.max_steps=30",
    "phases.one.eval_steps=4"
  };

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void modelAndRows() throws IOException {
    Set<String> trained =
        Set.of(
            "model.layers.2.mlp.up_proj.weight",
            "model.layers.3.self_attn.q_proj.weight",
            "lm_head.weight");
    run =
        new SftRun(folder, Fixture.LLAMA.copyTo(folder), trained)
            .withRows(60, 61, 62, 63, 64, 40, 41, 42, 43, 44, 45, 46);
  }

  @ParameterizedTest
  @CsvSource({"2, 5, 0 2 4 5", "0.4, 5, 0 2 4 5", "0.3, 4, 0 2 4", "7, 3, 0 3", "1, 2, 0 1 2"})
  void evaluatesEveryNStepsAndAtBothEnds(String evalSteps, int maxSteps, String expected)
      throws IOException {
    RecordingListener heard =
        train(
            "result",
            "phases.one.val_set_size=0.2",
            "phases.one.eval_steps=" + evalSteps,
            "phases.one.max_steps=" + maxSteps);

    assertThat(steps(heard, "eval_loss")).isEqualTo(expected);
    assertThat(steps(heard, "loss")).isEqualTo("1 2 3 4 5".substring(0, 2 * maxSteps - 1));
    List<Long> order = heard.rows.stream().map(MetricsRow::step).toList();
    assertThat(order).isSorted();
    assertThat(heard.rows).allMatch(row -> row.totalSteps() == maxSteps);
  }

  /** Between the steps nothing is changed: it is what a shorter phase has at its end. */
  @Test
  void anEvaluationOnTheWayIsThatOfAShorterPhase() throws IOException {
    RecordingListener whole = train("whole", OVERFITTING);
    RecordingListener shorter = train("shorter", with("phases.one.max_steps=8"));

    assertThat(evalLoss(whole, 8)).isEqualTo(evalLoss(shorter, 8));
    assertThat(evalLoss(whole, 8)).isLessThan(evalLoss(whole, 0) - 0.2);
    assertThat(evalLoss(whole, 28)).isGreaterThan(evalLoss(whole, 8) + 0.2);
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void theBestWeightsAreThoseOfAPhaseThatEndsThere(boolean endsEarly) throws IOException {
    RecordingListener heard = new RecordingListener();
    String[] settings =
        with(
            "phases.one.load_best_model_at_end=true",
            endsEarly ? "phases.one.early_stopping_patience=2" : "phases.one.max_steps=14");
    Set<String> before = names();

    PhaseResult result = run.train("best", heard, settings);
    before.add("best");
    assertThat(names()).isEqualTo(before);
    run.train("ends-there", new RecordingListener(), with("phases.one.max_steps=8"));

    assertThat(result.steps()).isEqualTo(endsEarly ? 16 : 14);
    assertThat(steps(heard, "eval_loss")).isEqualTo(endsEarly ? "0 4 8 12 16" : "0 4 8 12 14");
    for (String file : List.of("model.safetensors", "config.json")) {
      assertSameBytes(
          folder.resolve("best").resolve(file), folder.resolve("ends-there").resolve(file));
    }
    assertThat(heard.notes)
        .last()
        .isEqualTo(
            "the result has the weights after step 8, whose held-out loss of %.4f is the lowest"
                .formatted(evalLoss(heard, 8)));
  }

  @Test
  void theLastWeightsMayBeTheBest() throws IOException {
    RecordingListener heard =
        train("best", with("phases.one.load_best_model_at_end=true", "phases.one.max_steps=8"));
    train("last", with("phases.one.max_steps=8"));

    assertSameBytes(
        folder.resolve("best/model.safetensors"), folder.resolve("last/model.safetensors"));
    assertThat(heard.notes).isEmpty();
  }

  /** What made everything worse leaves the model as it was, to the bit. */
  @Test
  void theFirstWeightsMayBeTheBest() throws IOException {
    train(
        "best",
        with(
            "phases.one.load_best_model_at_end=true",
            "phases.one.early_stopping_patience=1",
            "phases.one.learning_rate=1"));

    Checkpoint base = Checkpoint.open(run.base());
    for (TensorInfo tensor : Checkpoint.open(folder.resolve("best")).tensors()) {
      assertThat(TensorValues.bytes(tensor))
          .as(tensor.name())
          .isEqualTo(TensorValues.bytes(base.find(tensor.name()).orElseThrow()));
    }
  }

  /** The rates are those of the thirty steps that were planned. */
  @Test
  void patienceEndsThePhase() throws IOException {
    String[] further = {
      "phases.one.early_stopping_patience=2",
      "phases.one.lr_scheduler=linear",
      "phases.one.logging_steps=6"
    };
    RecordingListener heard = new RecordingListener();
    PhaseResult result = run.train("ended", heard, with(further));

    assertThat(heard.notes)
        .containsExactly(
            "ended after step 20 of 30: the held-out loss has not fallen in the last 2 evaluations; the lowest is %.4f, after step 12"
                .formatted(evalLoss(heard, 12)));
    assertThat(result.steps()).isEqualTo(20);
    assertThat(steps(heard, "loss")).isEqualTo("6 12 18 20");
    assertThat(steps(heard, "eval_loss")).isEqualTo("0 4 8 12 16 20");
    MetricsRow last = heard.rows.get(heard.rows.size() - 1);
    assertThat(last.totalSteps()).isEqualTo(30);
    assertThat(last.values().get("learning_rate").doubleValue())
        .isCloseTo(1e-2 * (30 - 19) / 30, within(1e-12));
    assertThat(last.values().get("num_tokens").longValue()).isEqualTo(result.tokens());
    assertThat(run.check(with(further)).steps()).isEqualTo(30);
  }

  @Test
  void theThresholdShortensPatience() throws IOException {
    RecordingListener heard =
        train(
            "ended",
            with(
                "phases.one.early_stopping_patience=1",
                "phases.one.early_stopping_threshold=0.15"));

    // From 4 to 8 the loss falls, but by less.
    assertThat(evalLoss(heard, 0) - evalLoss(heard, 4)).isGreaterThan(0.15);
    assertThat(evalLoss(heard, 4) - evalLoss(heard, 8)).isBetween(0.01, 0.15);
    assertThat(steps(heard, "eval_loss")).isEqualTo("0 4 8");
    assertThat(heard.notes.get(0))
        .startsWith(
            "ended after step 8 of 30: the held-out loss has not fallen by more than 0.15 in");
  }

  /** The split made by hand, into two files, gives the same phase. */
  @ParameterizedTest
  @CsvSource({"3, false", "0.25, false", "3, true"})
  void heldOutRowsAreAsThoseOfAFileOfTheirOwn(String size, boolean packed) throws IOException {
    String[] settings = {
      "phases.one.max_steps=4", "phases.one.shuffle=true", "phases.one.sample_packing=" + packed
    };
    PhasePlan plan = run.check(append(settings, "phases.one.val_set_size=" + size));
    RecordingListener split = train("split", append(settings, "phases.one.val_set_size=" + size));

    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    ValidationSplit chosen = ValidationSplit.of(12, 3, 42);
    Files.write(folder.resolve("rows.jsonl"), of(rows, chosen.training()));
    Files.write(folder.resolve("held-out.jsonl"), of(rows, chosen.heldOut()));
    String files = "phases.one.eval_datasets=[{path: held-out.jsonl}]";
    PhasePlan byFile = run.check(append(settings, files));
    RecordingListener separate = train("separate", append(settings, files));

    assertThat(plan).isEqualTo(byFile);
    assertThat(plan.data().pieces()).isEqualTo(9);
    assertThat(plan.heldOut()).isNotNull().extracting(DataCounts::pieces).isEqualTo(3L);
    assertThat(figures(split)).isEqualTo(figures(separate));
    assertSameBytes(
        folder.resolve("split/model.safetensors"), folder.resolve("separate/model.safetensors"));
  }

  @ParameterizedTest
  @CsvSource({"12", "100", "0.99"})
  void someRowsMustBeLeftToTrainOn(String size) {
    assertThatThrownBy(() -> run.check("phases.one.val_set_size=" + size))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "phases.one.val_set_size: holds out \\d+ of the 12 rows of datasets, which leaves none"
                + " to train on; hold out fewer");
  }

  @Test
  void aPhaseThatIsStoppedLeavesItsStateAlone() throws IOException {
    Set<String> before = names();
    RecordingListener impatient =
        new RecordingListener() {
          @Override
          public boolean stopRequested() {
            return rows.stream().anyMatch(row -> row.step() == 6);
          }
        };

    assertThatThrownBy(
            () -> run.train("result", impatient, with("phases.one.load_best_model_at_end=true")))
        .isInstanceOf(InterruptedTrainingException.class);
    before.add("checkpoints");
    assertThat(names()).isEqualTo(before);
  }

  private RecordingListener train(String result, String... settings) throws IOException {
    RecordingListener heard = new RecordingListener();
    run.train(result, heard, settings);
    return heard;
  }

  private static String[] with(String... further) {
    return append(OVERFITTING, further);
  }

  private static String[] append(String[] settings, String... further) {
    return Stream.concat(Arrays.stream(settings), Arrays.stream(further)).toArray(String[]::new);
  }

  /** The steps of the rows that have a figure. */
  private static String steps(RecordingListener heard, String figure) {
    return heard.rows.stream()
        .filter(row -> row.values().containsKey(figure))
        .map(row -> Long.toString(row.step()))
        .collect(Collectors.joining(" "));
  }

  private static double evalLoss(RecordingListener heard, long step) {
    return heard.rows.stream()
        .filter(row -> row.step() == step && row.values().containsKey("eval_loss"))
        .mapToDouble(row -> row.values().get("eval_loss").doubleValue())
        .findFirst()
        .orElseThrow();
  }

  /** All but those that time decides. */
  private static List<Object> figures(RecordingListener heard) {
    List<Object> figures = new ArrayList<>();
    for (MetricsRow row : heard.rows) {
      row.values()
          .forEach(
              (name, value) -> {
                if (!name.endsWith("_per_second") && !name.endsWith("runtime")) {
                  figures.add(name + " " + value);
                }
              });
    }
    return figures;
  }

  private static List<String> of(List<String> rows, int[] chosen) {
    return Arrays.stream(chosen).mapToObj(rows::get).toList();
  }

  private Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
