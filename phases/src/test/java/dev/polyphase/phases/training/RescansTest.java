package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.data.TokenBatch;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.KeptGraph;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Phases that move to other tensors on their way, by decisions that are made beforehand. */
class RescansTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String QUERY = "model.layers.3.self_attn.q_proj.weight";
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";
  private static final String KEY = "model.layers.0.self_attn.k_proj.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  private static final Set<String> FIRST = Set.of(UP, QUERY, HEAD);
  private static final int[] LENGTHS = {30, 17, 24, 40, 21, 33};

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void model() {
    base = Fixture.LLAMA.copyTo(folder);
  }

  /** What is frozen lies in the base still, masters are not rounded, states are kept. */
  @ParameterizedTest
  @CsvSource({
    "float32, F32, adamw, cpu",
    "bfloat16, BF16, adamw, cpu",
    "bfloat16, BF16, adamw_8bit, '[cpu, cpu]'",
    "float32, BF16, muon, cpu"
  })
  void aDecisionForTheSameTensorsChangesNothing(
      String dtype, ElementType type, String optimizer, String device) throws IOException {
    SftRun run = run(type, FIRST);
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.optimizer=" + optimizer,
      "phases.one.lr_scheduler=cosine",
      "phases.one.shuffle=true",
      "phases.one.max_steps=7"
    };
    RecordingListener plain = new RecordingListener();
    RecordingListener moved = new RecordingListener();
    Moves moves = new Moves(List.of(FIRST));

    PhaseResult without = run.train("plain", plain, settings);
    PhaseResult with = run.train("moved", moved, moves.every(2), settings);

    assertThat(moves.steps).containsExactly(2L, 4L, 6L);
    assertThat(moved.figures()).isEqualTo(plain.figures());
    assertSameModel("moved", "plain");
    assertThat(with.trainedValues()).isEqualTo(without.trainedValues());
    assertThat(with.trainedTensors()).isEqualTo(without.trainedTensors()).isEqualTo(3);
    assertThat(with.changedValues()).isEqualTo(without.changedValues());
  }

  @ParameterizedTest
  @CsvSource({"18, 6 12", "19, 6 12 18", "6, ''"})
  void anEpochIsAPassOverTheRows(int steps, String expected) throws IOException {
    SftRun run = run(ElementType.F32, FIRST);
    Moves moves = new Moves(List.of(FIRST));
    String[] settings = {"phases.one.max_steps=" + steps};

    run.train("result", new RecordingListener(), moves.every(new RescanEvery.Epoch()), settings);

    assertThat(moves.steps.stream().map(String::valueOf).collect(Collectors.joining(" ")))
        .isEqualTo(expected);
    String[] planned = {
      settings[0], "phases.one.targeting={top_percent: 50}", "phases.one.rescan_every=epoch"
    };
    assertThat(run.check(planned).rescans()).isEqualTo(moves.steps.size());
  }

  /**
   * Moves among tensors that have none in common are as many phases, each from what the one before
   * it saved.
   */
  @ParameterizedTest
  @CsvSource({
    "float32, F32, base, cpu",
    "bfloat16, BF16, base, cpu",
    "bfloat16, BF16, float32, cpu",
    "bfloat16, F32, base, '[cpu, cpu]'"
  })
  void phasesOneAfterTheOtherAreTheSame(String dtype, ElementType type, String saved, String device)
      throws IOException {
    List<Set<String>> sets = List.of(Set.of(UP, HEAD), Set.of(DOWN, QUERY), Set.of(UP, EMBEDDING));
    SftRun run = run(type, sets.get(0));
    String[] settings = {
      "dtype=" + dtype, "save_dtype=" + saved, "device=" + device, "phases.one.max_steps=6"
    };
    RecordingListener heard = new RecordingListener();
    PhaseResult moved = run.train("moved", heard, new Moves(sets.subList(1, 3)).every(2), settings);

    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    List<Double> losses = new ArrayList<>();
    Path from = base;
    for (int phase = 0; phase < 3; phase++) {
      Files.write(folder.resolve("rows.jsonl"), rows.subList(2 * phase, 2 * phase + 2));
      RecordingListener own = new RecordingListener();
      settings[3] = "phases.one.max_steps=2";
      new SftRun(folder, from, sets.get(phase)).train("phase-" + phase, own, settings);
      for (double loss : own.series("loss")) {
        losses.add(loss);
      }
      from = folder.resolve("phase-" + phase);
    }

    assertSameModel("moved", "phase-2");
    assertThat(heard.series("loss")).containsExactly(toArray(losses));
    assertThat(moved.trainedTensors()).isEqualTo(5);
    assertThat(moved.trainedValues())
        .isEqualTo(2 * 160 * 64 + 64 * 64 + 2 * 272 * 64)
        .isEqualTo(moved.savedValues());
    assertThat(moved.changedValues()).isEqualTo(changed(base, folder.resolve("moved")));
  }

  /**
   * Of two sets that overlap: by gradients of one graph over the whole model and AdamW's formula in
   * plain Java, whose moments stay with what stays and begin with what enters.
   */
  @Test
  void whatStaysGoesOnWhatEntersBegins() throws IOException {
    int move = 3;
    double rate = 1e-3;
    Set<String> then = Set.of(UP, DOWN, HEAD);
    SftRun run = run(ElementType.F32, FIRST);
    run.train(
        "moved",
        new RecordingListener(),
        new Moves(List.of(then)).every(move),
        "phases.one.max_steps=6",
        "phases.one.max_grad_norm=0");

    Checkpoint start = Checkpoint.open(base);
    Map<String, double[]> weights = new HashMap<>();
    Map<String, Moments> moments = new HashMap<>();
    for (int step = 1; step <= LENGTHS.length; step++) {
      Set<String> trained = step <= move ? FIRST : then;
      Checkpoint now =
          HandMadeTensors.ofFloats(start, (name, values) -> overwrite(values, weights.get(name)))
              .writeTo(folder.resolve("reference"));
      Map<String, float[]> gradients =
          KeptGraph.gradients(now, ConfigReader.read(base), trained, row(step - 1));
      for (String name : trained) {
        float[] gradient = gradients.get(name);
        double[] values = weights.computeIfAbsent(name, n -> doubles(start.find(n).orElseThrow()));
        moments
            .computeIfAbsent(name, n -> new Moments(values.length))
            .update(values, gradient, rate);
      }
    }

    Checkpoint moved = Checkpoint.open(folder.resolve("moved"));
    assertThat(weights.keySet()).containsExactlyInAnyOrder(UP, QUERY, DOWN, HEAD);
    for (TensorInfo tensor : moved.tensors()) {
      float[] found = TensorValues.floats(tensor);
      double[] expected =
          weights.getOrDefault(tensor.name(), doubles(start.find(tensor.name()).orElseThrow()));
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i])
            .as("%s[%d]", tensor.name(), i)
            .isCloseTo(expected[i], within(1e-5));
      }
    }
    // What left has been still since, to the bit.
    run.train(
        "shorter", new RecordingListener(), "phases.one.max_steps=3", "phases.one.max_grad_norm=0");
    assertThat(bytes("moved", QUERY)).isEqualTo(bytes("shorter", QUERY));
  }

  /** What leaves, stays and enters where the model computes with copies of its masters. */
  @ParameterizedTest
  @CsvSource({"float32, F32, cpu", "bfloat16, BF16, cpu", "bfloat16, F32, '[cpu, cpu]'"})
  void mastersOnTheCpuMoveToo(String dtype, ElementType type, String device) throws IOException {
    SftRun run = run(type, FIRST);
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN, HEAD), Set.of(KEY, DOWN), Set.of(UP, EMBEDDING, DOWN));
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.max_steps=6",
      "phases.one.val_set_size=2",
      "phases.one.eval_steps=1",
      "phases.one.optimizer_offload=false"
    };
    RecordingListener there = new RecordingListener();
    RecordingListener here = new RecordingListener();
    run.train("there", there, new Moves(sets).every(1), settings);
    settings[5] = "phases.one.optimizer_offload=true";
    run.train("here", here, new Moves(sets).every(1), settings);

    assertThat(here.figures()).isEqualTo(there.figures()).hasSize(13);
    assertSameModel("here", "there");
  }

  /** Rates follow the newest decision: AdamW's first step moves a weight by its rate. */
  @Test
  void ratesFollowTheDecision() throws IOException {
    SftRun run = run(ElementType.F32, Set.of(UP));
    String down = DOWN.replace(".weight", "");
    Retargeting retargeting =
        new Retargeting(
            new RescanEvery.Steps(1),
            Set.of(DOWN),
            (weights, step) -> new Retargeting.Target(Set.of(DOWN), Map.of(down, 3.0)));
    run.train("moved", new RecordingListener(), retargeting);

    float[] before = TensorValues.floats(Checkpoint.open(base).find(DOWN).orElseThrow());
    float[] after =
        TensorValues.floats(Checkpoint.open(folder.resolve("moved")).find(DOWN).orElseThrow());
    assertThat(TensorValues.largestDifference(before, after)).isCloseTo(3e-3, within(1e-6));
  }

  /** A decision sees what a phase that ends there would save, at each of them. */
  @ParameterizedTest
  @CsvSource({"float32, F32", "bfloat16, BF16"})
  void aDecisionSeesTheWeightsAsTheyWouldBeSaved(String dtype, ElementType type)
      throws IOException {
    SftRun run = run(type, FIRST);
    List<Set<String>> sets = List.of(Set.of(UP, DOWN), Set.of(KEY, QUERY), FIRST);
    Map<Long, Map<String, byte[]>> seen = new HashMap<>();
    Moves moves = new Moves(sets);
    Retargeting looking =
        new Retargeting(
            new RescanEvery.Steps(1),
            FIRST,
            (weights, step) -> {
              Map<String, byte[]> tensors = new HashMap<>();
              for (TensorInfo tensor : weights.tensors()) {
                assertThat(tensor.type()).isEqualTo(type);
                tensors.put(tensor.name(), TensorValues.bytes(tensor));
              }
              seen.put(step, tensors);
              return moves.of(weights, step);
            });
    run.train(
        "moved", new RecordingListener(), looking, "dtype=" + dtype, "phases.one.max_steps=5");

    assertThat(seen.keySet()).containsExactlyInAnyOrder(1L, 2L, 3L, 4L);
    for (long step : seen.keySet()) {
      run.train(
          "of-" + step,
          new RecordingListener(),
          new Moves(sets).every(1),
          "dtype=" + dtype,
          "phases.one.max_steps=" + step);
      for (TensorInfo tensor : Checkpoint.open(folder.resolve("of-" + step)).tensors()) {
        assertThat(seen.get(step).get(tensor.name()))
            .as("%s after %d", tensor.name(), step)
            .isEqualTo(TensorValues.bytes(tensor));
      }
    }
  }

  /** Tensors left before the best evaluation, and others leave and enter after it. */
  @ParameterizedTest
  @CsvSource({"float32, F32", "bfloat16, BF16"})
  void theBestWeightsAreThoseOfAPhaseThatEndsThere(String dtype, ElementType type)
      throws IOException {
    SftRun run = run(type, FIRST);
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN), Set.of(KEY, HEAD), Set.of(QUERY, EMBEDDING, DOWN));
    String[] settings = {
      "phases.one.max_steps=16",
      "dtype=" + dtype,
      "phases.one.val_set_size=2",
      "phases.one.eval_steps=2",
      "phases.one.learning_rate=1.5e-2"
    };
    RecordingListener heard = new RecordingListener();
    String[] choosing = Arrays.copyOf(settings, settings.length + 1);
    choosing[settings.length] = "phases.one.load_best_model_at_end=true";
    run.train("best", heard, new Moves(sets).every(3), choosing);

    MetricsRow lowest = null;
    for (MetricsRow row : heard.rows) {
      if (row.values().containsKey("eval_loss")
          && (lowest == null || evalLoss(row) < evalLoss(lowest))) {
        lowest = row;
      }
    }
    // At least one rescan before it, two after it.
    assertThat(lowest.step()).isBetween(4L, 11L);
    settings[0] = "phases.one.max_steps=" + lowest.step();
    run.train("ends-there", new RecordingListener(), new Moves(sets).every(3), settings);
    assertSameModel("best", "ends-there");
    assertThat(heard.notes).last().asString().contains("after step " + lowest.step());
  }

  /** The model before a step that fails has the values of what left long before. */
  @Test
  void theLastGoodModelIsThatOfAPhaseThatEndsThere() throws IOException {
    SftRun run = run(ElementType.BF16, Set.of(UP, QUERY));
    List<Set<String>> sets = List.of(Set.of(UP, DOWN), Set.of(KEY));
    String[] settings = {"dtype=bfloat16", "phases.one.max_steps=6"};
    // No row has this token but the last.
    poison(254);
    List<String> rows = new ArrayList<>(Files.readAllLines(folder.resolve("rows.jsonl")));
    rows.replaceAll(row -> row.replace(" 254,", " 1,"));
    rows.set(5, "{\"input_ids\": [1, 254, 3, 4], \"labels\": [1, 254, 3, 4]}");
    Files.write(folder.resolve("rows.jsonl"), rows);

    assertThatThrownBy(
            () -> run.train("result", new RecordingListener(), new Moves(sets).every(2), settings))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("the model of step 5");

    settings[1] = "phases.one.max_steps=5";
    Path kept = Files.move(folder.resolve("last-good"), folder.resolve("kept"));
    run.train("shorter", new RecordingListener(), new Moves(sets).every(2), settings);
    assertSameModel("kept", "shorter");
    assertThat(kept).isDirectory();
    assertThat(weightFiles()).isEmpty();
  }

  @Test
  void oneFileOfWeightsAtATimeAndNoneInTheEnd() throws IOException {
    SftRun run = run(ElementType.F32, Set.of(UP));
    Set<String> before = names();
    List<Set<String>> whileTraining = new ArrayList<>();
    RecordingListener looking =
        new RecordingListener() {
          @Override
          public void metrics(MetricsRow row) {
            whileTraining.add(weightFiles());
          }
        };

    run.train(
        "result",
        looking,
        new Moves(List.of(Set.of(DOWN), Set.of(UP))).every(2),
        "phases.one.max_steps=6");

    assertThat(whileTraining)
        .containsExactly(
            Set.of(),
            Set.of(),
            Set.of("rescan-000002.safetensors"),
            Set.of("rescan-000002.safetensors"),
            Set.of("rescan-000004.safetensors"),
            Set.of("rescan-000004.safetensors"));
    before.add("result");
    assertThat(names()).isEqualTo(before);
  }

  /** As where a scan is stopped by a signal. */
  @Test
  void aDecisionMayEndThePhase() throws IOException {
    SftRun run = run(ElementType.F32, Set.of(UP));
    Set<String> before = names();
    Retargeting stopped =
        new Retargeting(
            new RescanEvery.Steps(1),
            Set.of(UP),
            (weights, step) -> {
              throw new InterruptedTrainingException(step);
            });

    assertThatThrownBy(() -> run.train("result", new RecordingListener(), stopped))
        .isInstanceOf(InterruptedTrainingException.class);
    assertThat(names()).isEqualTo(before);
  }

  @Test
  void aPhaseThatEndsEarlyIsNotScannedAgain() throws IOException {
    SftRun run = run(ElementType.F32, Set.of(UP));
    Moves moves = new Moves(List.of(Set.of(UP)));

    PhaseResult result =
        run.train(
            "result",
            new RecordingListener(),
            moves.every(2),
            "phases.one.max_steps=40",
            "phases.one.val_set_size=2",
            "phases.one.eval_steps=2",
            "phases.one.learning_rate=1",
            "phases.one.early_stopping_patience=1");

    assertThat(result.steps()).isLessThan(40);
    assertThat(moves.steps).doesNotContain(result.steps()).hasSize((int) result.steps() / 2 - 1);
  }

  /** Whatever is chosen first, memory is reckoned for the most that may be chosen. */
  @Test
  void memoryIsReckonedForTheStandIn() throws IOException {
    SftRun last = run(ElementType.F32, Set.of(QUERY));
    SftRun most = new SftRun(folder, base, Set.of(KEY, UP, HEAD));
    String[] settings = {"device=[cpu, cpu]", "phases.one.gradient_checkpointing=false"};

    PhaseRequest moving =
        last.request(
            "result",
            new Retargeting(new RescanEvery.Steps(1), most.trained(), (weights, step) -> null),
            settings);

    PhasePlan moved = SftRun.trainer().check(moving);
    PhasePlan plain = most.check(settings);
    assertThat(moved.memory()).isEqualTo(plain.memory());
    assertThat(moved.places()).isEqualTo(last.check(settings).places());
    assertThat(moved.memory()).isNotEqualTo(last.check(settings).memory());
    assertThat(moved.trainedValues()).isEqualTo(64 * 64);
  }

  /** AdamW of Loshchilov and Hutter 2019, algorithm 2, without decay. */
  private static final class Moments {
    private final double[] first;
    private final double[] second;
    private int steps;

    Moments(int size) {
      first = new double[size];
      second = new double[size];
    }

    void update(double[] values, float[] gradient, double rate) {
      steps++;
      for (int i = 0; i < values.length; i++) {
        first[i] = 0.9 * first[i] + 0.1 * gradient[i];
        second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
        double mean = first[i] / (1 - Math.pow(0.9, steps));
        double square = second[i] / (1 - Math.pow(0.999, steps));
        values[i] -= rate * mean / (Math.sqrt(square) + 1e-8);
      }
    }
  }

  private SftRun run(ElementType type, Set<String> trained) throws IOException {
    if (type == ElementType.BF16) {
      HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    }
    return new SftRun(folder, base, trained).withRows(LENGTHS);
  }

  /** The same row as {@link SftRun#withRows} writes. */
  private static TokenBatch row(int number) {
    int length = LENGTHS[number];
    int[] ids = new Random(number).ints(length, 0, 256).toArray();
    int[] positions = IntStream.range(length / 3 - 1, length - 1).toArray();
    int[] targets = Arrays.stream(positions).map(position -> ids[position + 1]).toArray();
    return new TokenBatch(ids, 1, length, length, positions, targets);
  }

  /** Makes a token's row of the embedding no number. */
  private void poison(int token) throws IOException {
    TensorInfo embedding = Checkpoint.open(base).find(EMBEDDING).orElseThrow();
    byte[] file = Files.readAllBytes(embedding.file());
    int position = (int) embedding.position() + token * 64 * 2;
    file[position] = (byte) 0xc0;
    file[position + 1] = 0x7f;
    Files.write(embedding.file(), file);
  }

  private void assertSameModel(String found, String expected) throws IOException {
    for (String file : List.of("model.safetensors", "config.json")) {
      assertThat(folder.resolve(found).resolve(file))
          .hasSameBinaryContentAs(folder.resolve(expected).resolve(file));
    }
  }

  private byte[] bytes(String model, String tensor) throws IOException {
    return TensorValues.bytes(Checkpoint.open(folder.resolve(model)).find(tensor).orElseThrow());
  }

  private static long changed(Path before, Path after) throws IOException {
    long changed = 0;
    Checkpoint left = Checkpoint.open(before);
    for (TensorInfo tensor : Checkpoint.open(after).tensors()) {
      float[] was = TensorValues.floats(left.find(tensor.name()).orElseThrow());
      float[] is = TensorValues.floats(tensor);
      for (int i = 0; i < is.length; i++) {
        changed += is[i] == was[i] ? 0 : 1;
      }
    }
    return changed;
  }

  private static void overwrite(float[] values, double[] by) {
    for (int i = 0; by != null && i < values.length; i++) {
      values[i] = (float) by[i];
    }
  }

  private static double[] doubles(TensorInfo tensor) {
    try {
      float[] floats = TensorValues.floats(tensor);
      return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double[] toArray(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double evalLoss(MetricsRow row) {
    return row.values().get("eval_loss").doubleValue();
  }

  private Set<String> weightFiles() {
    try {
      Set<String> files = new HashSet<>(names());
      files.removeIf(name -> !name.contains("safetensors"));
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
