package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.Example;
import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Steps whose passes overlap over several places of one device, against steps of one place: the
 * same operations, and each sum in the same order, so that every bit is the same.
 */
class PipelineTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Optimizer ADAMW =
      new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0.1, false, 1);
  private static final List<Integer> ONE = List.of(0);
  private static final List<Integer> TWO = List.of(0, 2);
  private static final List<Integer> THREE = List.of(0, 1, 3);
  private static final List<Integer> FOUR = List.of(0, 1, 2, 3);

  @TempDir Path folder;

  /** LLAMA's head is its own, QWEN2's is the embedding. */
  @ParameterizedTest
  @CsvSource({
    "LLAMA, KEPT",
    "LLAMA, RECOMPUTED",
    "QWEN2, KEPT",
    "QWEN2, RECOMPUTED",
  })
  void everythingTrained(Fixture fixture, Activations activations) throws IOException {
    Path base = fixture.copyTo(folder);
    Setting setting =
        new Setting(base, new Trainable(ParameterNames.of(base), Adapters.none()), activations);
    assertSame(setting, List.of(1, 2, 5, 8), TWO, THREE, FOUR);
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN2"})
  void inSixteenBits(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    Setting setting =
        new Setting(
            base,
            new Trainable(ParameterNames.of(base), Adapters.none()),
            Activations.RECOMPUTED,
            Precision.BFLOAT16);
    assertSame(setting, List.of(5), THREE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "LLAMA; model\\.layers\\.[23]\\..*_proj\\.weight",
        "LLAMA; model\\.layers\\.1\\..*_proj\\.weight",
        "LLAMA; lm_head\\.weight|model\\.norm\\.weight",
        "LLAMA; lm_head\\.weight",
        "QWEN2; model\\.layers\\.3\\.mlp.*|model\\.norm\\.weight",
        "QWEN2; model\\.norm\\.weight",
        "QWEN2; model\\.embed_tokens\\.weight",
      })
  void someTrained(Fixture fixture, String names) throws IOException {
    Path base = fixture.copyTo(folder);
    Set<String> trained =
        ParameterNames.of(base).stream()
            .filter(name -> name.matches(names))
            .collect(Collectors.toSet());
    assertThat(trained).isNotEmpty();
    assertSame(
        new Setting(base, new Trainable(trained, Adapters.none()), Activations.KEPT),
        List.of(5),
        List.of(0, 0),
        TWO,
        List.of(0, 4),
        List.of(0, 2, 2),
        FOUR);
  }

  @Test
  void rangesOfRows() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    Map<String, RowRanges> rows =
        Map.of("model.embed_tokens.weight", new RowRanges(List.of(new RowRanges.Range(3, 90))));
    Trainable trained =
        new Trainable(
            Set.of("model.embed_tokens.weight", "model.layers.1.mlp.up_proj.weight"),
            rows,
            Adapters.none(),
            Map.of());
    assertSame(new Setting(base, trained, Activations.KEPT), List.of(5), TWO, FOUR);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3})
  void adapters(double dropout) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Adapters adapters = AdaptedModels.adapters(base, AdaptedModels.ALL, dropout);
    for (Activations activations : Activations.values()) {
      Setting setting = new Setting(base, new Trainable(Set.of(), adapters), activations);
      assertSame(setting, List.of(2, 5), TWO, FOUR);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN2"})
  void withNoise(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    Setting setting =
        new Setting(base, new Trainable(ParameterNames.of(base), Adapters.none()), Activations.KEPT)
            .withNoise();
    assertSame(setting, List.of(2, 5), TWO, THREE);
  }

  @Test
  void withALossOfRouting() throws IOException {
    Path base = FamilyModel.of("qwen3-moe").copyTo(folder);
    Path file = base.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.put("output_router_logits", true).put("router_aux_loss_coef", 0.5);
    JSON.writeValue(file.toFile(), config);
    for (Activations activations : Activations.values()) {
      Setting setting =
          new Setting(base, new Trainable(ParameterNames.of(base), Adapters.none()), activations);
      assertSame(setting, List.of(5), TWO, FOUR);
    }
  }

  /** By rendezvous: each of two turns waits for the other one to have begun. */
  @ParameterizedTest
  @CsvSource({"LLAMA, 1", "QWEN2, 2"})
  void twoPlacesAreAtWorkAtOnce(Fixture fixture, int nextUp) throws IOException {
    CyclicBarrier up = new CyclicBarrier(2);
    CyclicBarrier down = new CyclicBarrier(2);
    try (Transformer model = load(setting(fixture), TWO)) {
      model
          .pipeline()
          .observe(
              beginning(
                  turn -> {
                    if (turn.equals(new Turn(0, true, 1)) || turn.equals(new Turn(1, true, 0))) {
                      meet(up);
                    }
                    if (turn.equals(new Turn(0, false, 0))
                        || turn.equals(new Turn(1, true, nextUp))) {
                      meet(down);
                    }
                  }));
      assertThat(steps(model, 5)).isNotEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN2"})
  void noMorePassesThanAllowedAreInFlight(Fixture fixture) throws IOException {
    try (Transformer model = load(setting(fixture), FOUR)) {
      Map<Integer, AtomicInteger> now = new ConcurrentHashMap<>();
      Map<Integer, Integer> most = new ConcurrentHashMap<>();
      Map<Integer, Set<String>> threads = new ConcurrentHashMap<>();
      model
          .pipeline()
          .observe(
              new TurnObserver() {
                @Override
                public void begins(Turn turn) {
                  threads
                      .computeIfAbsent(turn.stage(), it -> ConcurrentHashMap.newKeySet())
                      .add(Thread.currentThread().getName());
                  if (turn.up()) {
                    AtomicInteger count =
                        now.computeIfAbsent(turn.stage(), it -> new AtomicInteger());
                    most.merge(turn.stage(), count.incrementAndGet(), Math::max);
                  }
                }

                @Override
                public void ends(Turn turn) {
                  if (!turn.up()) {
                    now.get(turn.stage()).decrementAndGet();
                  }
                }
              });
      steps(model, 8);
      boolean tied = fixture == Fixture.QWEN2;
      assertThat(most)
          .isEqualTo(tied ? Map.of(0, 5, 1, 4, 2, 3, 3, 2, 4, 1) : Map.of(0, 4, 1, 3, 2, 2, 3, 1));
      threads.forEach(
          (stage, names) ->
              assertThat(names).containsExactly("place %d (cpu)".formatted(stage % 4)));
    }
  }

  /** The generators are those of all threads. */
  @Test
  void whereValuesAreDrawnOneStageIsAtWork() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Adapters dropping = AdaptedModels.adapters(base, AdaptedModels.ALL, 0.3);
    Setting setting = new Setting(base, new Trainable(Set.of(), dropping), Activations.KEPT);
    AtomicInteger atWork = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Transformer model = load(setting, FOUR)) {
      model
          .pipeline()
          .observe(
              new TurnObserver() {
                @Override
                public void begins(Turn turn) {
                  most.accumulateAndGet(atWork.incrementAndGet(), Math::max);
                }

                @Override
                public void ends(Turn turn) {
                  atWork.decrementAndGet();
                }
              });
      steps(model, 5);
    }
    assertThat(most).hasValue(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN2"})
  void nothingOutlivesItsStep(Fixture fixture) throws IOException {
    try (Transformer model = load(setting(fixture), THREE)) {
      step(model, 1, batches(5));
      List<Integer> arrays = managed(model);
      step(model, 2, batches(5));
      assertThat(managed(model)).isEqualTo(arrays);
    }
  }

  /** A token that no embedding is of, the fault of the first stage. */
  @Test
  void aKernelThatFailsEndsTheStep() throws IOException {
    assertFails(
        batches -> {
          List<TokenBatch> wrong = new ArrayList<>(batches);
          wrong.set(3, TokenBatch.of(List.of(new Example(new int[] {7, 9999}, new int[] {7, 8}))));
          return wrong;
        },
        TurnObserver.NOBODY,
        OperationFailedException.class,
        "libtorch failed at a pass through the model's embeddings or its head on cpu");
  }

  @ParameterizedTest
  @CsvSource({
    "0, true, 2",
    "1, true, 0",
    "1, false, 1",
    "2, true, 3",
    "2, false, 0",
    "0, false, 4"
  })
  void aTurnThatFailsEndsTheStep(int stage, boolean up, int pass) throws IOException {
    assertFails(
        UnaryOperator.identity(),
        beginning(
            turn -> {
              if (turn.equals(new Turn(stage, up, pass))) {
                throw new IllegalStateException("no more");
              }
            }),
        IllegalStateException.class,
        "no more");
  }

  /** It throws what one place does, leaves nothing, and the next step is as if it had not been. */
  private void assertFails(
      UnaryOperator<List<TokenBatch>> wrong,
      TurnObserver observer,
      Class<? extends Exception> type,
      String sentence)
      throws IOException {
    Setting setting = setting(Fixture.LLAMA);
    Map<String, float[]> expected;
    try (Transformer model = load(setting, ONE)) {
      expected = step(model, 2, batches(5));
    }
    try (Transformer model = load(setting, THREE)) {
      step(model, 1, batches(5));
      List<Integer> arrays = managed(model);
      model.pipeline().observe(observer);
      assertThatThrownBy(() -> step(model, 1, wrong.apply(batches(5))))
          .isInstanceOf(type)
          .hasMessageContaining(sentence);
      assertThat(managed(model)).isEqualTo(arrays);
      model.pipeline().observe(TurnObserver.NOBODY);
      assertSame("after a failure", step(model, 2, batches(5)), expected);
    }
  }

  private static TurnObserver beginning(Consumer<Turn> heard) {
    return new TurnObserver() {
      @Override
      public void begins(Turn turn) {
        heard.accept(turn);
      }

      @Override
      public void ends(Turn turn) {}
    };
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(60, TimeUnit.SECONDS);
    } catch (BrokenBarrierException | TimeoutException | InterruptedException e) {
      throw new AssertionError("the other turn did not begin", e);
    }
  }

  /**
   * What is trained of what.
   *
   * @param noise on the embeddings
   */
  private record Setting(
      Path base, Trainable trained, Activations activations, Precision precision, boolean noise) {
    Setting(Path base, Trainable trained, Activations activations) {
      this(base, trained, activations, Precision.FLOAT32);
    }

    Setting(Path base, Trainable trained, Activations activations, Precision precision) {
      this(base, trained, activations, precision, false);
    }

    Setting withNoise() {
      return new Setting(base, trained, activations, precision, true);
    }
  }

  private Setting setting(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    return new Setting(
        base, new Trainable(ParameterNames.of(base), Adapters.none()), Activations.KEPT);
  }

  @SafeVarargs
  private static void assertSame(
      Setting setting, List<Integer> passes, List<Integer>... severalFirstBlocks)
      throws IOException {
    for (int count : passes) {
      Map<String, float[]> expected;
      try (Transformer model = load(setting, ONE)) {
        expected = steps(model, count);
      }
      for (List<Integer> firstBlocks : severalFirstBlocks) {
        try (Transformer model = load(setting, firstBlocks)) {
          assertSame(
              "%d passes at %s".formatted(count, firstBlocks), steps(model, count), expected);
        }
      }
    }
  }

  private static void assertSame(
      String when, Map<String, float[]> found, Map<String, float[]> expected) {
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (name, wanted) ->
            assertThat(Arrays.equals(found.get(name), wanted)).as("%s, %s", name, when).isTrue());
  }

  /** Losses, gradients, norms and weights of two steps, the second one with updated weights. */
  private static Map<String, float[]> steps(Transformer model, int passes) {
    Map<String, float[]> figures = new TreeMap<>();
    try (OptimizerStep optimizer = new OptimizerStep(model.devices(), ADAMW, 0.5, 42)) {
      for (int number = 1; number <= 2; number++) {
        int step = number;
        try (NDManager scratch = model.newScratch()) {
          RoutingLoss routing = model.routingLoss(passes);
          Gradients gradients = new Gradients(scratch, routing);
          take(model, step, batches(passes), gradients, scratch)
              .forEach((name, values) -> figures.put(step + " " + name, values));
          figures.put(step + " routing", new float[] {(float) routing.weighted()});
          List<TrainedPart> parts = gradients.parts();
          GradientNorm norm = optimizer.norm(parts, scratch);
          figures.put(step + " norm", new float[] {norm.value()});
          optimizer.update(step, parts, norm, 1e-2);
        }
      }
    }
    model
        .trained()
        .forEach(
            tensor ->
                figures.put("after " + tensor.name(), tensor.master().upper().toFloatArray()));
    return figures;
  }

  private static Map<String, float[]> step(
      Transformer model, int number, List<TokenBatch> batches) {
    try (NDManager scratch = model.newScratch()) {
      return take(model, number, batches, new Gradients(scratch), scratch);
    }
  }

  /** Of every third batch the loss is one that has to know the log-probabilities first. */
  private static Map<String, float[]> take(
      Transformer model,
      int number,
      List<TokenBatch> batches,
      Gradients gradients,
      NDManager scratch) {
    Map<String, float[]> figures = new TreeMap<>();
    List<PassLoss> losses = new ArrayList<>();
    Map<Integer, NDArray> read = new ConcurrentHashMap<>();
    for (int i = 0; i < batches.size(); i++) {
      int of = i;
      losses.add(
          i % 3 == 1
              ? new PassLoss.Computed(
                  batches.get(i),
                  new HeadFigures(true, true),
                  targets -> {
                    float[] values = targets.logProbs().toFloatArray();
                    figures.put("log-probabilities " + of, values.clone());
                    for (int at = 0; at < values.length; at++) {
                      values[at] = 0.1f * values[at];
                    }
                    return targets.logProbs().getManager().create(values);
                  })
              : new PassLoss.Linear(
                  batches.get(i),
                  -0.01 * (1 + i),
                  logProbs -> {
                    logProbs.attach(scratch);
                    read.put(of, logProbs);
                  }));
    }
    model.startStep(number);
    model.differentiate(losses, gradients);
    read.forEach((of, values) -> figures.put("log-probabilities " + of, values.toFloatArray()));
    gradients.byName().forEach((name, sum) -> figures.put("d " + name, sum.toFloatArray()));
    return figures;
  }

  /**
   * Padded rows, packed ones, and packed ones that share a prefix; from the fifth on one without
   * targets lies between. The fourth and the fifth have more targets than logits are computed for
   * at a time.
   */
  private static List<TokenBatch> batches(int passes) {
    List<TokenBatch> batches = new ArrayList<>();
    for (int i = 0; i < passes; i++) {
      List<Example> rows =
          List.of(
              RandomRows.answered(10 * i, i == 3 || i == 4 ? 210 : 13 + i),
              RandomRows.answered(10 * i + 1, 9));
      batches.add(
          switch (i % 3) {
            case 0 -> TokenBatch.of(rows);
            case 1 -> TokenBatch.packed(rows);
            default ->
                TokenBatch.packedDocuments(
                    List.of(
                        Document.of(rows.get(0)),
                        new Document(RandomRows.answered(10 * i + 2, 8), 0, 6)),
                    new int[] {21 + i});
          });
      if (i == 3) {
        batches.add(TokenBatch.of(List.of(new Example(new int[] {1, 2}, new int[] {-100, -100}))));
      }
    }
    return batches;
  }

  private static List<Integer> managed(Transformer model) {
    return model.devices().managers().stream()
        .map(place -> place.getManagedArrays().size())
        .toList();
  }

  private static Transformer load(Setting setting, List<Integer> firstBlocks) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(setting.base());
    Transformer model =
        Transformer.load(
            checkpoint,
            ConfigReader.read(checkpoint),
            setting.trained(),
            new Placement(
                firstBlocks.stream().map(first -> "cpu").toList(),
                firstBlocks,
                setting.precision(),
                setting.activations(),
                false));
    if (setting.noise()) {
      model.addNoise(new EmbeddingNoise(5, 3));
    }
    return model;
  }
}
