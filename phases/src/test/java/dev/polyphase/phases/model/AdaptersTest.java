package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.data.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters against the model that they are merged into by plain Java. */
class AdaptersTest {
  private static final int RANK = 3;
  private static final double SCALE = 1.5;
  private static final String ALL = "model\\.layers\\..*_proj|lm_head";

  /** Not all layers, nor all of a layer. */
  private static final String SOME = "model\\.layers\\.1\\.(self_attn\\.[qo]_proj|mlp\\.down_proj)";

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void beginAsTheModelItself(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    try (Transformer plain = CpuModels.load(base, Set.of(), Activations.KEPT);
        Transformer adapted = load(base, Set.of(), adapters(base, ALL, 0.5), Activations.KEPT)) {
      float[] wanted = plain.logProbs(batch);
      assertThat(TensorValues.largestDifference(adapted.logProbs(batch), wanted)).isLessThan(5e-6);
      assertThat(TensorValues.largestDifference(trained(adapted, batch), wanted)).isLessThan(5e-6);
    }
  }

  @Test
  void firstValuesAreThoseOfPeft() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    String up = "model.layers.2.mlp.up_proj";
    try (Transformer model = load(base, Set.of(), adapters(base, ALL, 0), Activations.KEPT)) {
      NDArray a = model.masters().get(up + ".lora_A.weight");
      NDArray b = model.masters().get(up + ".lora_B.weight");
      assertThat(a.getShape()).isEqualTo(new Shape(RANK, 64));
      assertThat(b.getShape()).isEqualTo(new Shape(160, RANK));
      assertThat(b.toFloatArray()).containsOnly(0f);
      // Uniform between -1/8 and 1/8: of 192 values the mean square is 1/192, give or take 6.5 %.
      float[] values = a.toFloatArray();
      assertThat(TensorValues.largest(values)).isBetween(0.12, 0.125);
      double squares = 0;
      for (float value : values) {
        squares += (double) value * value;
      }
      assertThat(squares).isCloseTo(1, within(0.26));
    }
  }

  @Test
  void firstValuesFollowFromTheSeedAndTheModule() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Adapters adapters = adapters(base, ALL, 0);
    Adapters others = new Adapters(adapters.modules(), RANK, SCALE, 0, adapters.seed() + 1);
    String q = "model.layers.0.self_attn.q_proj.lora_A.weight";
    try (Transformer one = load(base, Set.of(), adapters, Activations.KEPT);
        Transformer same = load(base, Set.of(), adapters, Activations.KEPT);
        Transformer another = load(base, Set.of(), others, Activations.KEPT)) {
      float[] values = one.masters().get(q).toFloatArray();
      assertThat(same.masters().get(q).toFloatArray()).isEqualTo(values);
      assertThat(another.masters().get(q).toFloatArray()).isNotEqualTo(values);
      assertThat(one.masters().get(q.replace(".0.", ".1.")).toFloatArray()).isNotEqualTo(values);
    }
  }

  @ParameterizedTest
  @EnumSource
  void gradientsOfAllAdapters(Fixture fixture) throws IOException {
    assertGradients(fixture, ALL, "none");
  }

  @ParameterizedTest
  @EnumSource
  void gradientsOfAdaptersBesideTrainedTensors(Fixture fixture) throws IOException {
    assertGradients(
        fixture, SOME, "model\\.embed_tokens\\.weight|.*norm\\.weight|.*layers\\.2\\.mlp\\..*");
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN3_NORMS"})
  void gradientsOfAnAdaptedHeadAlone(Fixture fixture) throws IOException {
    assertGradients(fixture, "lm_head", "none");
  }

  @ParameterizedTest
  @EnumSource
  void mergedAreTheAdaptedModel(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = adapters(base, ALL, 0);
    try (Transformer adapted = load(base, Set.of(), adapters, Activations.KEPT)) {
      disturb(adapted);
      Path merged = merge(base, adapted);
      float[] found = adapted.logProbs(batch);
      try (Transformer plain = CpuModels.load(merged, Set.of(), Activations.KEPT);
          NDManager scratch = adapted.newScratch()) {
        float[] wanted = plain.logProbs(batch);
        assertThat(TensorValues.largestDifference(found, wanted)).isLessThan(1e-5);
        try (Transformer untouched = CpuModels.load(base, Set.of(), Activations.KEPT)) {
          assertThat(TensorValues.largestDifference(untouched.logProbs(batch), wanted))
              .isGreaterThan(0.01);
        }
        for (String module : adapters.modules()) {
          TensorInfo before = Checkpoint.open(base).find(module + ".weight").orElseThrow();
          TensorInfo after = Checkpoint.open(merged).find(module + ".weight").orElseThrow();
          assertThat(
                  TensorValues.largestDifference(
                      adapted.merged(before, scratch).toFloatArray(), TensorValues.floats(after)))
              .as(module)
              .isLessThan(1e-6);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"LLAMA, lm_head", "LLAMA, .*", "QWEN2, .*"})
  void whatIsDroppedIsTheSameWhenComputedAgain(Fixture fixture, String modules) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = adapters(base, modules.equals(".*") ? ALL : modules, 0.3);
    try (Transformer kept = load(base, Set.of(), adapters, Activations.KEPT);
        Transformer recomputed = load(base, Set.of(), adapters, Activations.RECOMPUTED)) {
      disturb(kept);
      disturb(recomputed);
      kept.startStep(4);
      recomputed.startStep(4);
      Map<String, float[]> first = GradientValues.ofMeanLoss(kept, batch);
      GradientValues.assertClose(GradientValues.ofMeanLoss(recomputed, batch), first, 1e-6);
      // The second pass of a step drops others, and so does another step.
      String name = first.keySet().iterator().next();
      assertThat(GradientValues.ofMeanLoss(kept, batch).get(name)).isNotEqualTo(first.get(name));
      kept.startStep(5);
      assertThat(GradientValues.ofMeanLoss(kept, batch).get(name)).isNotEqualTo(first.get(name));
      kept.startStep(4);
      GradientValues.assertClose(GradientValues.ofMeanLoss(kept, batch), first, 1e-6);
      // Nothing is dropped but in training.
      assertThat(kept.logProbs(batch)).isEqualTo(kept.logProbs(batch));
    }
  }

  /** With the same values dropped the loss is a smooth function of the adapters. */
  @ParameterizedTest
  @CsvSource({
    "LLAMA, lm_head",
    "LLAMA, model.layers.1.mlp.down_proj",
    "QWEN2, model.layers.2.self_attn.v_proj",
    "QWEN3_NORMS, model.layers.0.self_attn.q_proj"
  })
  void gradientsWithDropoutAreThoseOfTheLoss(Fixture fixture, String module) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    try (Transformer model =
        load(base, Set.of(), adapters(base, ALL, 0.4), Activations.RECOMPUTED)) {
      disturb(model);
      model.startStep(1);
      Map<String, float[]> gradients = GradientValues.ofMeanLoss(model, batch);
      for (String name : new String[] {module + ".lora_A.weight", module + ".lora_B.weight"}) {
        NDArray master = model.masters().get(name);
        float[] gradient = gradients.get(name);
        // Along the gradient itself, whose slope is its norm.
        double norm = 0;
        for (float value : gradient) {
          norm += (double) value * value;
        }
        norm = Math.sqrt(norm);
        double step = 1e-2;
        double above = lossAfter(model, master, gradient, step / norm, batch);
        double below = lossAfter(model, master, gradient, -2 * step / norm, batch);
        assertThat((above - below) / (2 * step)).as(name).isCloseTo(norm, within(0.02 * norm));
      }
    }
  }

  @Test
  void droppedValuesAreTheShareAskedForAndTheOthersMakeUpForThem() {
    Map<String, Object> constants =
        Map.of(
            "rms_norm_eps", 1e-6,
            "chunk_tokens", 256,
            "adapter_scale", 1.0,
            "kept_share", 0.75,
            "device", "cpu");
    try (NDManager manager = Libtorch.newManager("cpu");
        Kernel kernel = Kernel.load(manager, Ends.class, "ends.py", constants)) {
      NDArray ones = manager.ones(new Shape(400, 100));
      float[] dropped =
          kernel.method("dropped").with(ones).withNumber(9).runForOne(manager).toFloatArray();
      int zeros = 0;
      for (float value : dropped) {
        assertThat(value).isIn(0f, (float) (1 / 0.75));
        zeros += value == 0 ? 1 : 0;
      }
      // Of 40,000 a quarter, within four standard deviations of 87.
      assertThat(zeros).isBetween(10_000 - 348, 10_000 + 348);
      assertThat(kernel.method("dropped").with(ones).withNumber(-1).runForOne(manager))
          .isEqualTo(ones);
    }
  }

  @Test
  void bfloat16StaysNearFloat32() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = adapters(base, ALL, 0.2);
    try (Transformer exact = load(base, Set.of(), adapters, Activations.KEPT);
        Transformer rounded =
            CpuModels.load(base, Set.of(), adapters, Precision.BFLOAT16, Activations.RECOMPUTED)) {
      disturb(exact);
      disturb(rounded);
      Map<String, float[]> found = GradientValues.ofMeanLoss(rounded, batch);
      assertThat(found.keySet()).isEqualTo(rounded.masters().keySet());
      for (float[] gradient : found.values()) {
        assertThat(TensorValues.largest(gradient)).isPositive().isFinite();
      }
      assertThat(TensorValues.largestDifference(rounded.logProbs(batch), exact.logProbs(batch)))
          .isBetween(1e-6, 0.2);
    }
  }

  private void assertGradients(Fixture fixture, String modules, String tensors) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = adapters(base, modules, 0);
    Set<String> whole =
        ParameterNames.of(base).stream()
            .filter(name -> name.matches(tensors))
            .collect(Collectors.toSet());
    for (Activations activations : Activations.values()) {
      try (Transformer model = load(base, whole, adapters, activations)) {
        disturb(model);
        Path merged = merge(base, model, folder.resolve("merged-" + activations));
        GradientValues.assertClose(
            GradientValues.ofMeanLoss(model, batch), expected(merged, model, whole, batch), 2e-5);
        model.startStep(1);
        GradientValues.assertClose(
            GradientValues.ofMeanLossKnownBeforehand(model, batch),
            GradientValues.ofMeanLoss(model, batch),
            2e-5);
      }
    }
  }

  /** Of the merged weight W + s B A: dA = s B' dW and dB = s dW A'. */
  private static Map<String, float[]> expected(
      Path merged, Transformer model, Set<String> whole, TokenBatch batch) throws IOException {
    Set<String> trained = new HashSet<>(whole);
    model.adapters().modules().forEach(module -> trained.add(module + ".weight"));
    Map<String, float[]> ofWeights =
        KeptGraph.gradients(Checkpoint.open(merged), ConfigReader.read(merged), trained, batch);
    Map<String, float[]> gradients = new HashMap<>();
    whole.forEach(name -> gradients.put(name, ofWeights.get(name)));
    for (String module : model.adapters().modules()) {
      float[] dw = ofWeights.get(module + ".weight");
      NDArray a = model.masters().get(module + ".lora_A.weight");
      NDArray b = model.masters().get(module + ".lora_B.weight");
      int inputs = (int) a.getShape().get(1);
      int outputs = (int) b.getShape().get(0);
      float[] av = a.toFloatArray();
      float[] bv = b.toFloatArray();
      float[] da = new float[av.length];
      float[] db = new float[bv.length];
      for (int r = 0; r < RANK; r++) {
        for (int i = 0; i < inputs; i++) {
          double sum = 0;
          for (int o = 0; o < outputs; o++) {
            sum += (double) bv[o * RANK + r] * dw[o * inputs + i];
          }
          da[r * inputs + i] = (float) (SCALE * sum);
        }
        for (int o = 0; o < outputs; o++) {
          double sum = 0;
          for (int i = 0; i < inputs; i++) {
            sum += (double) av[r * inputs + i] * dw[o * inputs + i];
          }
          db[o * RANK + r] = (float) (SCALE * sum);
        }
      }
      gradients.put(module + ".lora_A.weight", da);
      gradients.put(module + ".lora_B.weight", db);
    }
    return gradients;
  }

  private Path merge(Path base, Transformer model) throws IOException {
    return merge(base, model, folder.resolve("merged"));
  }

  /** The base with W + s B A in the place of each adapted W. */
  private static Path merge(Path base, Transformer model, Path target) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(base);
    Map<String, NewTensor> replaced = new HashMap<>();
    for (String module : model.adapters().modules()) {
      TensorInfo weight = checkpoint.find(module + ".weight").orElseThrow();
      float[] values = TensorValues.floats(weight);
      float[] a = model.masters().get(module + ".lora_A.weight").toFloatArray();
      float[] b = model.masters().get(module + ".lora_B.weight").toFloatArray();
      int inputs = Math.toIntExact(weight.shape().get(1));
      ByteBuffer bytes =
          ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < values.length; i++) {
        double sum = 0;
        for (int r = 0; r < RANK; r++) {
          sum += (double) b[i / inputs * RANK + r] * a[r * inputs + i % inputs];
        }
        bytes.putFloat((float) (values[i] + SCALE * sum));
      }
      replaced.put(
          weight.name(),
          new NewTensor(ElementType.F32, channel -> channel.write(bytes.flip().duplicate())));
    }
    CheckpointWriter.write(checkpoint, target, replaced, Map.of());
    return target;
  }

  /** Moves every adapter away from its first values, B from zero too. */
  private static void disturb(Transformer model) {
    Random random = new Random(11);
    model
        .masters()
        .forEach(
            (name, master) -> {
              if (name.contains(".lora_")) {
                float[] values = new float[(int) master.size()];
                for (int i = 0; i < values.length; i++) {
                  values[i] = 0.1f * (float) random.nextGaussian();
                }
                try (NDArray noise = master.getManager().create(values, master.getShape())) {
                  master.addi(noise);
                }
              }
            });
  }

  private static double lossAfter(
      Transformer model, NDArray master, float[] direction, double distance, TokenBatch batch) {
    try (NDManager scratch = model.newScratch()) {
      NDArray step = scratch.create(direction, master.getShape()).muli(distance);
      master.addi(step);
    }
    model.startStep(1);
    double loss = 0;
    for (float logProb : trained(model, batch)) {
      loss -= logProb;
    }
    return loss / batch.lossTokens();
  }

  /** The log-probabilities as training sees them. */
  private static float[] trained(Transformer model, TokenBatch batch) {
    try (NDManager step = model.newScratch()) {
      return model
          .differentiate(batch, -1.0, new Gradients(step), step)
          .orElseThrow()
          .toFloatArray();
    }
  }

  private static Adapters adapters(Path base, String modules, double dropout) throws IOException {
    Set<String> adapted =
        ParameterNames.of(base).stream()
            .filter(name -> name.endsWith(".weight"))
            .map(Adapters::module)
            .filter(module -> module.matches(modules))
            .collect(Collectors.toSet());
    assertThat(adapted).isNotEmpty();
    return new Adapters(adapted, RANK, SCALE, dropout, 42);
  }

  private static Transformer load(
      Path checkpoint, Set<String> trained, Adapters adapters, Activations activations)
      throws IOException {
    return CpuModels.load(checkpoint, trained, adapters, Precision.FLOAT32, activations);
  }
}
