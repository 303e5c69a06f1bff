package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.preparation.PhaseRows;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Phases on several datasets: how often their rows are seen, which are not, and their losses. */
class MixedPhaseTest {
  private static final int[] A = {30, 12, 21, 40, 17, 25, 33};
  private static final int[] B = {22, 35, 14, 28, 19};

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void modelAndRows() throws IOException {
    run =
        new SftRun(
            folder,
            Fixture.LLAMA.copyTo(folder),
            Set.of("model.layers.1.mlp.up_proj.weight", "lm_head.weight"));
    run.write("a.jsonl", 100, A);
    run.write("b.jsonl", 200, B);
  }

  /** The order is as SplitMix64 and the shuffles, written once more in Python, make it. */
  @ParameterizedTest
  @ValueSource(strings = {"", "weight: 1.0"})
  void withoutWeightsTheOrderIsThatOfTheSeedAlone(String weight) throws IOException {
    List<String> steps =
        steps(
            "datasets=[{path: a.jsonl, %1$s}, {path: b.jsonl, %1$s}]"
                .formatted(weight.isEmpty() ? "type: auto" : weight),
            "val_set_size=3",
            "num_epochs=2",
            "max_steps=null",
            "micro_batch_size=2",
            "gradient_accumulation_steps=3",
            "shuffle=true");

    assertThat(steps)
        .containsExactly(
            "a7 a2 | b4 a6 | b3 a5", "a4 b5 | b1", "a7 b3 | b5 a2 | a5 a6", "a4 b1 | b4");
  }

  /** Passes are whole, so that nothing is drawn. */
  @Test
  void aWeightOfTwoIsTheDatasetNamedTwice() throws IOException {
    String[] more = {
      "num_epochs=2", "max_steps=null", "micro_batch_size=2", "shuffle=true", "logging_steps=1"
    };
    RecordingListener twice =
        train("twice", more, "datasets=[{path: a.jsonl}, {path: a.jsonl}, {path: b.jsonl}]");
    RecordingListener weighted =
        train("weighted", more, "datasets=[{path: a.jsonl, weight: 2}, {path: b.jsonl}]");

    assertThat(weighted.series("loss")).hasSize(2 * 10).isEqualTo(twice.series("loss"));
    SavedModels.assertSame(folder.resolve("weighted"), folder.resolve("twice"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anEpochHasWhatTheWeightsSay(boolean packed) throws IOException {
    String[] settings = {
      "datasets=[{path: a.jsonl, weight: 2.5}, {path: b.jsonl, weight: 0.4}]",
      "num_epochs=1",
      "max_steps=null",
      "shuffle=true",
      "sample_packing=" + packed
    };
    PhasePlan plan = run.check(of(settings));
    Map<String, Integer> seen = new TreeMap<>();
    steps(settings)
        .forEach(
            step ->
                Stream.of(step.split("[ |]+")).forEach(row -> seen.merge(row, 1, Integer::sum)));

    // 17.5 of 7 rows are 18: each twice, and four of them once more. 2 of 5.
    assertThat(plan.epoch())
        .extracting(DatasetShare::dataset, DatasetShare::rows, DatasetShare::epochRows)
        .containsExactly(tuple("a", 7L, 18L), tuple("b", 5L, 2L));
    assertThat(seen.keySet().stream().filter(row -> row.startsWith("a"))).hasSize(7);
    assertThat(seen.values().stream().sorted().toList()).containsExactly(1, 1, 2, 2, 2, 3, 3, 3, 3);
    long tokens = 0;
    for (Map.Entry<String, Integer> row : seen.entrySet()) {
      int[] lengths = row.getKey().startsWith("a") ? A : B;
      tokens += (long) row.getValue() * lengths[row.getKey().charAt(1) - '1'];
    }
    assertThat(plan.totalTokens()).isEqualTo(tokens).isEqualTo(plan.epochTokens());
    assertThat(plan.data().kept()).isEqualTo(12);
    assertThat(plan.steps()).isEqualTo(packed ? plan.slots() / 64 : 20);
  }

  @Test
  void duplicatesAreCountedAndLeftOutWhereThatIsAskedFor() throws IOException {
    append("b.jsonl", lines("b.jsonl").get(0), lines("a.jsonl").get(2), lines("a.jsonl").get(2));
    String datasets = "datasets=[{path: a.jsonl}, {path: b.jsonl}]";

    PhasePlan kept = run.check(of(datasets));
    PhasePlan without = run.check(of(datasets, "dataset_exact_deduplication=true"));

    assertThat(kept.data().duplicates()).isEqualTo(3).isEqualTo(without.data().duplicates());
    assertThat(kept.data().kept()).isEqualTo(15);
    assertThat(without.data().kept()).isEqualTo(12);
    assertThat(without.data().read()).isEqualTo(15);
    assertThat(without.data().tokens()).isEqualTo(Arrays.stream(A).sum() + Arrays.stream(B).sum());
    assertThat(without.epoch()).extracting(DatasetShare::rows).containsExactly(7L, 5L);
    assertThat(
            steps(datasets, "dataset_exact_deduplication=true", "num_epochs=1", "max_steps=null"))
        .containsExactly("a1", "a2", "a3", "a4", "a5", "a6", "a7", "b1", "b2", "b3", "b4", "b5");
  }

  @Test
  void rowsThatAreHeldOutInAFileAreNotTrainedOn() throws IOException {
    Files.write(
        folder.resolve("held-out.jsonl"),
        List.of(lines("a.jsonl").get(3), lines("b.jsonl").get(1), lines("a.jsonl").get(3)));
    append("b.jsonl", lines("a.jsonl").get(3));
    String[] settings = {
      "datasets=[{path: a.jsonl}, {path: b.jsonl}]",
      "eval_datasets=[{path: held-out.jsonl}]",
      "num_epochs=1",
      "max_steps=null"
    };

    PhasePlan plan = run.check(of(settings));

    assertThat(steps(settings))
        .containsExactly("a1", "a2", "a3", "a5", "a6", "a7", "b1", "b3", "b4", "b5");
    assertThat(plan.data().read()).isEqualTo(13);
    assertThat(plan.data().kept()).isEqualTo(10);
    assertThat(plan.data().alsoHeldOut()).isEqualTo(3);
    assertThat(plan.heldOut().kept()).isEqualTo(3);
    assertThat(plan.heldOut().duplicates()).isEqualTo(1);
  }

  @Test
  void somethingMustBeLeftToTrainOn() {
    assertThatThrownBy(
            () -> run.check(of("datasets=[{path: a.jsonl}]", "eval_datasets=[{path: a.jsonl}]")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phases.one.eval_datasets: all 7 rows of datasets are among these, which leaves none to"
                + " train on; hold out others");
  }

  @Test
  void heldOutRowsAreNotWeighted() {
    assertThatThrownBy(
            () ->
                run.check(
                    of(
                        "datasets=[{path: a.jsonl}]",
                        "eval_datasets=[{path: b.jsonl, weight: 0.5}]")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phases.one.eval_datasets[0].weight: 0.5, but each held-out row is evaluated once;"
                + " leave it out");
  }

  /** Each row is there three times, in other places. */
  @ParameterizedTest
  @CsvSource({"1, 3", "3, 3", "8, 6", "0.5, 18"})
  void aDrawNeverHoldsOutWhatIsTrainedOn(String size, int expected) throws IOException {
    List<String> rows = new ArrayList<>(lines("a.jsonl"));
    rows.addAll(lines("b.jsonl"));
    List<String> all = new ArrayList<>(rows);
    for (int turn = 1; turn < 3; turn++) {
      all.addAll(rows.subList(turn, rows.size()));
      all.addAll(rows.subList(0, turn));
    }
    Files.write(folder.resolve("a.jsonl"), all);
    PhaseRows read = read("datasets=[{path: a.jsonl}]", "val_set_size=" + size, "num_epochs=1");

    Set<String> trained = content(all, read.training().places(range(read.counts().kept())));
    Set<String> heldOut = content(all, read.heldOut().places(range(read.heldOutCounts().kept())));
    assertThat(heldOut).isNotEmpty().doesNotContainAnyElementsOf(trained);
    assertThat(read.heldOutCounts().kept()).isEqualTo(expected);
    assertThat(read.counts().kept()).isEqualTo(36 - expected);
    assertThat(read.counts().duplicates()).isEqualTo(24);
  }

  @Test
  void rowsThatAreAllEqualCannotBeSplit() throws IOException {
    String row = lines("a.jsonl").get(0);
    Files.write(folder.resolve("a.jsonl"), List.of(row, row, row));

    assertThatThrownBy(() -> run.check(of("datasets=[{path: a.jsonl}]", "val_set_size=1")))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "phases.one.val_set_size: the 3 rows of datasets are all equal, so that none can be"
                + " held out that is not trained on");
  }

  /** Each dataset is also evaluated alone. */
  @ParameterizedTest
  @CsvSource({"1, false", "3, false", "2, true"})
  void theLossOfADatasetIsThatOfItsRowsAlone(int microBatchSize, boolean packed)
      throws IOException {
    run.write("trained.jsonl", 300, 20);
    String[] more = {
      "datasets=[{path: trained.jsonl}]",
      "max_steps=1",
      "sample_packing=" + packed,
      "micro_batch_size=" + microBatchSize
    };
    Map<String, Number> both =
        train("both", more, "eval_datasets=[{path: a.jsonl}, {path: b.jsonl}]")
            .rows
            .get(0)
            .values();
    Map<String, Number> a =
        train("a", more, "eval_datasets=[{path: a.jsonl}]").rows.get(0).values();
    Map<String, Number> b =
        train("b", more, "eval_datasets=[{path: b.jsonl}]").rows.get(0).values();

    double lossOfA = both.get("eval_loss/a").doubleValue();
    double lossOfB = both.get("eval_loss/b").doubleValue();
    assertThat(lossOfA).isCloseTo(a.get("eval_loss").doubleValue(), within(1e-5));
    assertThat(lossOfB).isCloseTo(b.get("eval_loss").doubleValue(), within(1e-5));
    assertThat(lossOfA).isNotCloseTo(lossOfB, within(1e-3));
    assertThat(
            (lossOfA * lossTokens(A) + lossOfB * lossTokens(B)) / (lossTokens(A) + lossTokens(B)))
        .isCloseTo(both.get("eval_loss").doubleValue(), within(1e-12));
    assertThat(a.keySet()).noneMatch(name -> name.startsWith("eval_loss/"));
  }

  /** With as good as no training a step's loss is that of the held-out rows. */
  @Test
  void soIsTheLossOfAStep() throws IOException {
    RecordingListener heard =
        train(
            "steps",
            new String[] {"max_steps=2", "micro_batch_size=3", "gradient_accumulation_steps=4"},
            "datasets=[{path: a.jsonl}, {path: b.jsonl}]");
    Map<String, Number> first = heard.rows.get(0).values();
    double lossOfA = first.get("loss/a").doubleValue();
    double lossOfB = first.get("loss/b").doubleValue();

    assertThat(
            (lossOfA * lossTokens(A) + lossOfB * lossTokens(B)) / (lossTokens(A) + lossTokens(B)))
        .isCloseTo(first.get("loss").doubleValue(), within(1e-12));
    run.write("trained.jsonl", 300, 20);
    Map<String, Number> alone =
        train(
                "alone",
                new String[] {"max_steps=1"},
                "datasets=[{path: trained.jsonl}]",
                "eval_datasets=[{path: a.jsonl}]")
            .rows
            .get(0)
            .values();
    assertThat(lossOfA).isCloseTo(alone.get("eval_loss").doubleValue(), within(1e-5));
  }

  /** One row a step: 12 steps, of which three make a window. */
  @Test
  void aWindowsLossOfADatasetIsThatOfItsTokens() throws IOException {
    String[] more = {"max_steps=12", "datasets=[{path: a.jsonl}, {path: b.jsonl}]"};
    RecordingListener each = train("each", more, "logging_steps=1");
    RecordingListener windows = train("windows", more, "logging_steps=3");

    int[] lengths = IntStream.concat(Arrays.stream(A), Arrays.stream(B)).toArray();
    for (int window = 0; window < 4; window++) {
      Map<String, Double> sums = new LinkedHashMap<>();
      Map<String, Double> tokens = new LinkedHashMap<>();
      double steps = 0;
      for (int step = 3 * window; step < 3 * window + 3; step++) {
        Map<String, Number> row = each.rows.get(step).values();
        String name = step < A.length ? "loss/a" : "loss/b";
        assertThat(row)
            .containsKey(name)
            .doesNotContainKey(name.equals("loss/a") ? "loss/b" : "loss/a");
        assertThat(row.get(name).doubleValue())
            .isCloseTo(row.get("loss").doubleValue(), within(1e-12));
        double count = lossTokens(lengths[step]);
        sums.merge(name, row.get("loss").doubleValue() * count, Double::sum);
        tokens.merge(name, count, Double::sum);
        steps += row.get("loss").doubleValue();
      }
      Map<String, Number> found = windows.rows.get(window).values();
      assertThat(found.get("loss").doubleValue()).isEqualTo(steps / 3);
      for (String name : List.of("loss/a", "loss/b")) {
        assertThat(found.containsKey(name)).isEqualTo(sums.containsKey(name));
      }
      sums.forEach(
          (name, sum) ->
              assertThat(found.get(name).doubleValue())
                  .isCloseTo(sum / tokens.get(name), within(1e-12)));
    }
  }

  private RecordingListener train(String result, String[] more, String... settings)
      throws IOException {
    RecordingListener heard = new RecordingListener();
    run.train(
        result,
        heard,
        Stream.concat(Arrays.stream(of(more)), Arrays.stream(of(settings))).toArray(String[]::new));
    return heard;
  }

  /** The rows of each step, as {@code a1 a2 | b1}: files and lines, and the micro-batches. */
  private List<String> steps(String... settings) throws IOException {
    PhaseRequest request = run.request("result", of(settings));
    PhaseRows rows = read(settings);
    List<String> steps = new ArrayList<>();
    for (Step step :
        ReadPhase.schedule(request.phase(), request.pipeline().seed(), rows.training())) {
      List<String> batches = new ArrayList<>();
      for (int[] batch : step.microBatches()) {
        batches.add(
            String.join(
                " ", rows.training().places(batch).stream().map(MixedPhaseTest::name).toList()));
      }
      steps.add(String.join(" | ", batches));
    }
    return steps;
  }

  private PhaseRows read(String... settings) throws IOException {
    try (LazyTokenizer tokenizer = new LazyTokenizer(run.base())) {
      return PhaseRows.read(
          NextToken.source(TemporaryRows.reader()),
          run.request("result", of(settings)),
          new RowModel(272, true),
          tokenizer,
          ReadingListener.NOBODY);
    }
  }

  private static String name(Place place) {
    return Path.of(place.file()).getFileName().toString().charAt(0) + "" + place.line();
  }

  private static Set<String> content(List<String> lines, List<Place> places) {
    Set<String> content = new HashSet<>();
    places.forEach(place -> content.add(lines.get(place.line() - 1)));
    return content;
  }

  private static int[] range(long count) {
    return IntStream.range(0, (int) count).toArray();
  }

  /** The first third of a row carries no loss. */
  private static double lossTokens(int... lengths) {
    return Arrays.stream(lengths).map(length -> length - length / 3).sum();
  }

  private List<String> lines(String file) throws IOException {
    return Files.readAllLines(folder.resolve(file));
  }

  private void append(String file, String... rows) throws IOException {
    List<String> all = new ArrayList<>(lines(file));
    all.addAll(List.of(rows));
    Files.write(folder.resolve(file), all);
  }

  private static String[] of(String... settings) {
    return Arrays.stream(settings).map(setting -> "phases.one." + setting).toArray(String[]::new);
  }
}
