package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
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
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterPhaseTest {
  private static final String TARGETING =
      "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}";
  private static final String UP = "model.layers.2.mlp.up_proj";
  private static final String QUERY = "model.layers.1.self_attn.q_proj";
  private static final String HEAD = "lm_head";

  @TempDir Path folder;

  @Test
  void trainsAdaptersAndMergesThem() throws IOException {
    SftRun run = new SftRun(folder, base(), weights(UP, QUERY, HEAD)).withRows(30, 12);
    String adapter = "phases.one.adapter={type: lora, r: 4, alpha: 8, save: peft}";

    PhasePlan plan = run.check(TARGETING, adapter);
    PhaseResult result = run.train("result", new RecordingListener(), TARGETING, adapter);

    // A and B of 160 x 64, 64 x 64 and 272 x 64.
    long adapters = 4 * (160 + 64 + 64 + 64 + 272 + 64);
    assertThat(plan.trainedValues()).isEqualTo(adapters);
    assertThat(plan.memory().masterBytes()).isEqualTo(4 * adapters);
    assertThat(plan.memory().optimizerBytes()).isEqualTo(8 * adapters);
    assertThat(plan.memory().gradientBytes()).isEqualTo(4 * adapters);
    assertThat(result.trainedValues()).isEqualTo(adapters);
    assertThat(result.trainedTensors()).isEqualTo(6);
    assertThat(result.savedValues()).isEqualTo(64 * (160 + 64 + 272));

    Checkpoint before = Checkpoint.open(run.base());
    Checkpoint after = Checkpoint.open(folder.resolve("result"));
    Checkpoint saved = adapterFile();
    long changed = 0;
    for (TensorInfo tensor : before.tensors()) {
      TensorInfo now = after.find(tensor.name()).orElseThrow();
      assertThat(now.type()).isEqualTo(tensor.type());
      if (!run.trained().contains(tensor.name())) {
        assertThat(TensorValues.bytes(now)).isEqualTo(TensorValues.bytes(tensor));
        continue;
      }
      float[] was = TensorValues.floats(tensor);
      float[] is = TensorValues.floats(now);
      float[] merged = was.clone();
      add(merged, saved, tensor.name().replace(".weight", ""), 2.0);
      assertThat(TensorValues.largestDifference(is, merged)).isLessThan(1e-7);
      for (int i = 0; i < is.length; i++) {
        changed += is[i] == was[i] ? 0 : 1;
      }
    }
    assertThat(changed).isPositive().isEqualTo(result.changedValues());
  }

  @Test
  void learnsARowByHeart() throws IOException {
    SftRun run = new SftRun(folder, base(), weights(UP, QUERY, HEAD)).withRows(30);
    RecordingListener heard = new RecordingListener();

    run.train(
        "result",
        heard,
        TARGETING,
        "phases.one.adapter={type: lora, dropout: 0.05}",
        "phases.one.learning_rate=0.01",
        "phases.one.max_steps=30");

    assertThat(heard.series("loss")[29]).isLessThan(0.2 * heard.series("loss")[0]);
  }

  @Test
  void savesWhatPeftLoads() throws IOException {
    SftRun run = new SftRun(folder, base(), weights(UP, HEAD, "model.embed_tokens")).withRows(30);

    run.train(
        "result",
        new RecordingListener(),
        TARGETING,
        "phases.one.adapter={type: lora, r: 4, alpha: 12.5, dropout: 0.1, save: peft}");

    assertThat(adapterFile().tensors())
        .extracting(TensorInfo::name)
        .containsExactlyInAnyOrder(
            "base_model.model." + UP + ".lora_A.weight",
            "base_model.model." + UP + ".lora_B.weight",
            "base_model.model.lm_head.lora_A.weight",
            "base_model.model.lm_head.lora_B.weight",
            "base_model.model.model.embed_tokens.weight");
    assertThat(adapterTensor(UP + ".lora_A").shape()).containsExactly(4L, 64L);
    assertThat(adapterTensor(UP + ".lora_B").shape()).containsExactly(160L, 4L);
    assertThat(TensorValues.floats(adapterTensor("model.embed_tokens")))
        .isEqualTo(
            TensorValues.floats(
                Checkpoint.open(folder.resolve("result"))
                    .find("model.embed_tokens.weight")
                    .orElseThrow()));
    JsonNode config =
        new ObjectMapper()
            .readTree(folder.resolve("adapter").resolve("adapter_config.json").toFile());
    assertThat(config.path("peft_type").textValue()).isEqualTo("LORA");
    assertThat(config.path("task_type").textValue()).isEqualTo("CAUSAL_LM");
    assertThat(config.path("r").intValue()).isEqualTo(4);
    assertThat(config.path("lora_alpha").doubleValue()).isEqualTo(12.5);
    assertThat(config.path("lora_dropout").doubleValue()).isEqualTo(0.1);
    assertThat(texts(config.path("target_modules"))).containsExactly(HEAD, UP);
    assertThat(texts(config.path("modules_to_save"))).containsExactly("embed_tokens");
    assertThat(config.path("base_model_name_or_path").textValue())
        .isEqualTo(run.base().toAbsolutePath().toString());
  }

  @Test
  void aTiedHeadIsSavedWithItsEmbedding() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    SftRun run = new SftRun(folder, base, weights(UP, "model.embed_tokens")).withRows(30);

    run.train(
        "result",
        new RecordingListener(),
        TARGETING,
        "phases.one.adapter={type: lora, save: peft}");

    JsonNode config =
        new ObjectMapper()
            .readTree(folder.resolve("adapter").resolve("adapter_config.json").toFile());
    assertThat(texts(config.path("modules_to_save"))).containsExactly("embed_tokens", "lm_head");
    assertThat(TensorValues.bytes(adapterTensor("lm_head")))
        .isEqualTo(TensorValues.bytes(adapterTensor("model.embed_tokens")));
  }

  @Test
  void leavesTheModelAloneWhereNothingElseIsAskedFor() throws IOException {
    SftRun run = new SftRun(folder, base(), weights(UP)).withRows(30);

    run.train("result", new RecordingListener(), TARGETING, "phases.one.adapter=lora");

    assertThat(folder.resolve("adapter")).doesNotExist();
  }

  @Test
  void beginsWithTheLossOfTheBase() throws IOException {
    Path base = base();
    RecordingListener adapted = new RecordingListener();
    RecordingListener whole = new RecordingListener();
    SftRun run = new SftRun(folder, base, weights(UP, QUERY)).withRows(30, 12);

    run.train("adapted", adapted, TARGETING, "phases.one.adapter={type: lora, dropout: 0.5}");
    run.train("whole", whole);

    double wanted = whole.series("loss")[0];
    assertThat(adapted.series("loss")[0]).isCloseTo(wanted, within(1e-6 * wanted));
  }

  @ParameterizedTest
  @CsvSource({"QWEN2", "QWEN3_NORMS"})
  void samePhaseTwiceGivesTheSameBytes(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    String[] settings = {
      TARGETING, "phases.one.adapter={type: lora, dropout: 0.3}", "phases.one.micro_batch_size=2"
    };
    SftRun run = new SftRun(folder, base, weights(UP, QUERY)).withRows(30, 12, 17);

    run.train("first", new RecordingListener(), settings);
    run.train("second", new RecordingListener(), settings);
    run.train("other", new RecordingListener(), withSeed(settings, 43));

    assertThat(weightBytes("first")).isEqualTo(weightBytes("second"));
    assertThat(weightBytes("first")).isNotEqualTo(weightBytes("other"));
  }

  @Test
  void biasesOfAdaptedModulesStay() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    SftRun run = new SftRun(folder, base, Set.of(QUERY + ".weight", QUERY + ".bias")).withRows(20);

    PhaseResult result =
        run.train("result", new RecordingListener(), TARGETING, "phases.one.adapter=lora");

    assertThat(result.trainedTensors()).isEqualTo(2);
    assertThat(bytes("result", QUERY + ".bias")).isEqualTo(bytes(base, QUERY + ".bias"));
    assertThat(bytes("result", QUERY + ".weight")).isNotEqualTo(bytes(base, QUERY + ".weight"));
  }

  @Test
  void whatCanNotBeAdaptedIsRefused() throws IOException {
    Path base = base();
    assertRefused(
        base,
        Set.of(UP + ".weight", "model.norm.weight", "model.layers.0.input_layernorm.weight"),
        "phase one: an adapter is for projections and the head, but targeting selects"
            + " model.layers.0.input_layernorm.weight and 1 more; leave them out, or remove the"
            + " adapter");
    assertRefused(
        base,
        Set.of("model.embed_tokens.weight"),
        "phase one: targeting selects neither a projection nor an untied head, so that there is"
            + " nothing to adapt; select some, or remove the adapter");
    assertRefused(
        Fixture.QWEN2.copyTo(folder),
        Set.of(UP + ".weight", QUERY + ".bias"),
        "phase one: an adapter is for projections and the head, but targeting selects "
            + QUERY
            + ".bias; leave it out, or remove the adapter");
  }

  @Test
  void aRankAboveTheShorterSideOfEveryMatrixIsRefused() throws IOException {
    SftRun run = new SftRun(folder, base(), weights(UP)).withRows(20);

    run.check(TARGETING, "phases.one.adapter={type: lora, r: 64}");

    assertThatThrownBy(() -> run.check(TARGETING, "phases.one.adapter={type: lora, r: 65}"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phase one: adapter.r is 65, but the shorter side of the largest matrix to adapt is 64,"
                + " and no update of it has a higher rank; give that or less");
  }

  private void assertRefused(Path base, Set<String> trained, String sentence) throws IOException {
    SftRun run = new SftRun(folder, base, trained).withRows(20);
    assertThatThrownBy(() -> run.check(TARGETING, "phases.one.adapter=lora"))
        .isInstanceOf(InputException.class)
        .hasMessage(sentence);
  }

  private static void add(float[] weight, Checkpoint adapters, String module, double scale)
      throws IOException {
    TensorInfo ofA = adapters.find("base_model.model." + module + ".lora_A.weight").orElseThrow();
    TensorInfo ofB = adapters.find("base_model.model." + module + ".lora_B.weight").orElseThrow();
    float[] a = TensorValues.floats(ofA);
    float[] b = TensorValues.floats(ofB);
    int rank = Math.toIntExact(ofA.shape().get(0));
    int inputs = Math.toIntExact(ofA.shape().get(1));
    for (int i = 0; i < weight.length; i++) {
      double sum = 0;
      for (int r = 0; r < rank; r++) {
        sum += (double) b[i / inputs * rank + r] * a[r * inputs + i % inputs];
      }
      weight[i] = (float) (weight[i] + scale * sum);
    }
  }

  private Path base() {
    return Fixture.LLAMA.copyTo(folder);
  }

  private static Set<String> weights(String... modules) {
    return Set.copyOf(Arrays.stream(modules).map(module -> module + ".weight").toList());
  }

  private static String[] withSeed(String[] settings, int seed) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("seed=" + seed);
    return all.toArray(String[]::new);
  }

  /** The adapters read back as tensors; the folder has no config.json. */
  private Checkpoint adapterFile() throws IOException {
    Path copy = folder.resolve("as-checkpoint");
    if (!Files.exists(copy)) {
      Files.createDirectory(copy);
      Files.copy(
          folder.resolve("adapter").resolve("adapter_model.safetensors"),
          copy.resolve("model.safetensors"));
    }
    return Checkpoint.open(copy);
  }

  private TensorInfo adapterTensor(String module) throws IOException {
    return adapterFile().find("base_model.model." + module + ".weight").orElseThrow();
  }

  private byte[] weightBytes(String result) throws IOException {
    return Files.readAllBytes(folder.resolve(result).resolve("model.safetensors"));
  }

  private byte[] bytes(String result, String tensor) throws IOException {
    return bytes(folder.resolve(result), tensor);
  }

  private static byte[] bytes(Path checkpoint, String tensor) throws IOException {
    return TensorValues.bytes(Checkpoint.open(checkpoint).find(tensor).orElseThrow());
  }

  private static List<String> texts(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::textValue).toList();
  }
}
