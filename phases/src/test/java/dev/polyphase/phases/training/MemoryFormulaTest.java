package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The estimate against the peak of a process that trains, and what it counts one by one. */
class MemoryFormulaTest {
  private static final String UP_2 = "model.layers.2.mlp.up_proj.weight";
  private static final String UP_3 = "model.layers.3.mlp.up_proj.weight";

  private static final String TARGETING =
      "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}";

  private static final String CONFIG =
      """
      {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 512, "num_hidden_layers": 4,
       "num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 1408,
       "vocab_size": 8192, "tie_word_embeddings": false, "rms_norm_eps": 1e-6,
       "rope_theta": 10000.0, "max_position_embeddings": 2048, "hidden_act": "silu",
       "dtype": "float32"}
      """;

  @TempDir static Path model;
  @TempDir Path folder;

  @BeforeAll
  static void makeModel() throws IOException {
    Path tokenizer = Files.createDirectory(model.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    make("base", CONFIG, tokenizer);
    make("other", CONFIG, tokenizer);
    make("in-bfloat16", CONFIG.replace("float32", "bfloat16"), tokenizer);
  }

  private static void make(String name, String settings, Path tokenizer) throws IOException {
    Path outline = Files.createDirectory(model.resolve(name + "-outline"));
    Path config = Files.writeString(model.resolve(name + ".json"), settings);
    new RandomModels().outline(config, tokenizer, outline);
    new RandomModels().create(outline, model.resolve(name), 1);
  }

  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({
    "'.*', false, 1, null, false",
    "'.*', true, 1, null, false",
    "'.*', true, 2, null, false",
    "'.*layers.[12].*_proj.weight', false, 1, null, false",
    "'.*layers.[12].*_proj.weight', true, 1, null, false",
    "'.*_proj.weight', false, 1, lora, false",
    "'.*', true, 1, null, true",
    "'.*layers.[12].*_proj.weight', false, 2, null, true",
  })
  void isWithin15PercentOfTheMeasuredPeak(
      String pattern, boolean checkpointing, int passes, String adapter, boolean offload)
      throws Exception {
    Set<String> trained = names(pattern);
    SftRun run = new SftRun(folder, model.resolve("base"), trained).withRows(1024, 1024);
    List<String> settings =
        List.of(
            "phases.one.sequence_len=1024",
            "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}",
            "phases.one.adapter=" + adapter,
            "phases.one.gradient_checkpointing=" + checkpointing,
            "phases.one.gradient_accumulation_steps=" + passes,
            "phases.one.optimizer_offload=" + offload);

    MemoryEstimate estimate = run.check(settings.toArray(String[]::new)).memory();
    assertWithin15Percent(estimate, peakOfChild(model.resolve("base"), trained, "none", settings));
  }

  /** Gradients of 16 bits where a step has one pass. */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({"'.*', 1", "'.*', 2", "'.*layers.[12].*_proj.weight', 1"})
  void soItIsWithMastersInHalves(String pattern, int passes) throws Exception {
    Set<String> trained = names(pattern);
    Path base = model.resolve("in-bfloat16");
    SftRun run = new SftRun(folder, base, trained).withRows(1024, 1024);
    List<String> settings =
        List.of(
            "dtype=bfloat16",
            "phases.one.sequence_len=1024",
            "phases.one.gradient_accumulation_steps=" + passes);

    MemoryEstimate estimate = run.check(settings.toArray(String[]::new)).memory();
    assertWithin15Percent(estimate, peakOfChild(base, trained, "none", settings));
  }

  /** Memory is between what all blocks need and none. */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({"'.*', 1, 1", "'.*', 2, 2", "'.*layers.[123].*_proj.weight', 2, 1"})
  void soItIsWithSomeBlocksKept(String pattern, int passes, int recomputed) throws Exception {
    Set<String> trained = names(pattern);
    SftRun run = new SftRun(folder, model.resolve("base"), trained).withRows(1024, 1024);
    List<String> settings =
        List.of("phases.one.sequence_len=1024", "phases.one.gradient_accumulation_steps=" + passes);
    String[] asked = settings.toArray(String[]::new);
    long most = run.check(asked).memory().unmappedBytes();
    long least = check(run, 1, asked).unmappedBytes();
    long free = (long) ((least + most) / (2 * 0.75));

    MemoryEstimate estimate = check(run, free, asked);

    assertThat(estimate.recomputedBlocks()).isEqualTo(recomputed);
    assertWithin15Percent(
        estimate,
        peakOfChild(model.resolve("base"), trained, "none", OptionalLong.of(free), settings));
  }

  /**
   * What a family's blocks have that Llama's have not: the same sizes, but for what is said here.
   */
  private static final Map<String, String> FAMILIES =
      Map.of(
          "Gemma2",
          "\"hidden_activation\": \"gelu_pytorch_tanh\", \"head_dim\": 64, \"sliding_window\": 256",
          "Gemma3",
          "\"hidden_activation\": \"gelu_pytorch_tanh\", \"head_dim\": 64, \"sliding_window\": 256",
          "Olmo2",
          "\"attention_bias\": false",
          "Qwen3Moe",
          "\"head_dim\": 64, \"num_experts\": 8, \"num_experts_per_tok\": 2,"
              + " \"moe_intermediate_size\": 352",
          "GptOss",
          "\"head_dim\": 64, \"num_local_experts\": 4, \"num_experts_per_tok\": 2,"
              + " \"sliding_window\": 128");

  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({
    "Gemma2, '.*', true",
    "Gemma3, '.*', false",
    "Olmo2, '.*', false",
    "Qwen3Moe, '.*', false",
    "Qwen3Moe, '.*layers.[12].*_proj.weight', true",
    "GptOss, '.*self_attn.*', true"
  })
  void soItIsWithEachKindOfBlock(String family, String pattern, boolean checkpointing)
      throws Exception {
    Path base = model.resolve(family);
    if (!base.toFile().exists()) {
      String config =
          CONFIG
              .replace("LlamaFor", family + "For")
              .replace("\"dtype\"", FAMILIES.get(family) + ", \"dtype\"");
      make(family, config, model.resolve("tokenizer"));
    }
    Set<String> trained =
        Checkpoint.open(base).parts().stream()
            .map(TensorInfo::name)
            .filter(name -> name.matches(pattern))
            .collect(Collectors.toSet());
    SftRun run = new SftRun(folder, base, trained).withRows(1024, 1024);
    List<String> settings =
        List.of(
            "phases.one.sequence_len=1024", "phases.one.gradient_checkpointing=" + checkpointing);

    MemoryEstimate estimate = run.check(settings.toArray(String[]::new)).memory();
    assertWithin15Percent(estimate, peakOfChild(base, trained, "none", settings));
  }

  /** A shared one beside training, another model's pass before it. */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({
    "shared, '.*_proj.weight', bfloat16",
    "in-bfloat16, '.*layers.3.*_proj.weight', float32",
    "other, '.*layers.3.*_proj.weight', float32"
  })
  void soItIsWithAReference(String which, String pattern, String dtype) throws Exception {
    Set<String> trained = names(pattern);
    String reference = which.equals("shared") ? which : model.resolve(which).toString();
    SftRun run = new SftRun(folder, model.resolve("base"), trained).withRows(1024, 1024);
    List<String> settings = List.of("phases.one.sequence_len=1024", "dtype=" + dtype);

    MemoryEstimate estimate = compared(run, reference, settings);

    assertThat(estimate.totalBytes())
        .isGreaterThan(compared(run, "precomputed", settings).totalBytes());
    assertWithin15Percent(
        estimate, peakOfChild(model.resolve("base"), trained, reference, settings));
  }

  private static MemoryEstimate compared(SftRun run, String reference, List<String> settings)
      throws IOException {
    return new Compared(run, settings, (start, own) -> {})
        .trainer()
        .prepare(
            Compared.request(run, reference, settings.toArray(String[]::new)),
            ReadingListener.NOBODY)
        .plan()
        .memory();
  }

  private static Set<String> names(String pattern) throws IOException {
    return Checkpoint.open(model.resolve("base")).tensors().stream()
        .map(TensorInfo::name)
        .filter(name -> name.matches(pattern))
        .collect(Collectors.toSet());
  }

  private static void assertWithin15Percent(MemoryEstimate estimate, long measured) {
    // Of a model on the CPU, both are in one memory.
    long estimated = estimate.totalBytes() + estimate.hostBytes();
    assertThat((double) estimated / measured)
        .as("%,d estimated, %,d measured", estimated, measured)
        .isBetween(0.85, 1.15);
  }

  private static MemoryEstimate check(SftRun run, long free, String... settings)
      throws IOException {
    return SftRun.trainer(OptionalLong.of(free))
        .prepare(run.request("result", settings), ReadingListener.NOBODY)
        .plan()
        .memory();
  }

  private long peakOfChild(Path base, Set<String> trained, String reference, List<String> settings)
      throws Exception {
    return peakOfChild(base, trained, reference, OptionalLong.empty(), settings);
  }

  private long peakOfChild(
      Path base, Set<String> trained, String reference, OptionalLong free, List<String> settings)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch"));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(MeasuredPhase.class.getName());
    command.addAll(
        List.of(
            folder.toString(),
            base.toString(),
            String.join(",", trained),
            reference,
            free.isPresent() ? Long.toString(free.getAsLong()) : "unknown"));
    command.addAll(settings);
    ProcessBuilder child = new ProcessBuilder(command);
    // What is freed is given back at once, so that the peak is of what is alive.
    child.environment().put("MALLOC_MMAP_THRESHOLD_", "131072");
    Process process = child.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).isZero();
    return Long.parseLong(printed);
  }

  @Test
  void weightsAreCountedAsTheyLie() throws IOException {
    // tiny-llama has 207,424 values, float32 on disk; two matrices of 160 x 64 are trained.
    MemoryEstimate memory = llama(Set.of(UP_2, UP_3)).check().memory();

    assertThat(memory.frozenBytes()).isZero();
    assertThat(memory.mappedBytes()).isEqualTo((207_424 - 20_480) * 4);
    assertThat(memory.masterBytes()).isEqualTo(20_480 * 4);
    assertThat(memory.optimizerBytes()).isEqualTo(20_480 * 8);
    assertThat(memory.gradientBytes()).isEqualTo(20_480 * 4);
    assertThat(memory.unmappedBytes()).isEqualTo(memory.totalBytes() - 747_776);
  }

  @Test
  void inAnotherPrecisionThanTheFilesNothingIsMapped() throws IOException {
    MemoryEstimate memory = llama(Set.of(UP_2, "lm_head.weight")).check("dtype=bfloat16").memory();

    assertThat(memory.mappedBytes()).isZero();
    assertThat(memory.frozenBytes()).isEqualTo((207_424 - 10_240 - 272 * 64) * 2L);
  }

  @Test
  void whatLiesBelowTheLowestTrainedBlockNeedsNothing() throws IOException {
    long second = activations(UP_2);

    assertThat(activations(UP_3)).isLessThan(second);
    assertThat(activations("model.layers.0.mlp.up_proj.weight")).isGreaterThan(second);
  }

  @Test
  void recomputedBlocksKeepTheirInputAlone() throws IOException {
    SftRun run = llama(Set.of("model.embed_tokens.weight"));
    long kept = run.check("phases.one.gradient_checkpointing=false").memory().activationBytes();
    MemoryEstimate recomputed = run.check("phases.one.gradient_checkpointing=true").memory();

    assertThat(recomputed.recomputed()).isTrue();
    assertThat(recomputed.activationBytes()).isLessThan(kept);
  }

  @Test
  void aWindowNeedsAMask() throws IOException {
    SftRun run = new SftRun(folder, Fixture.MISTRAL_WINDOW.copyTo(folder), Set.of(UP_2));

    long within = run.withRows(8).check().memory().activationBytes();
    long beyond = run.withRows(10).check().memory().activationBytes();

    // Nine positions are seen; a mask has 4 + 3 bytes for each two.
    assertThat(beyond).isGreaterThan(within / 8 * 10);
  }

  @Test
  void adaptersAreTrainedInThePlaceOfTheirWeights() throws IOException {
    SftRun run = llama(Set.of(UP_2, "model.layers.2.mlp.down_proj.weight", "lm_head.weight"));

    MemoryEstimate memory = run.check(TARGETING, "phases.one.adapter=lora").memory();

    // A and B of rank 16: twice 160 + 64, and 272 + 64.
    long adapters = 16 * (2 * 224 + 336);
    assertThat(memory.mappedBytes()).isEqualTo(207_424 * 4);
    assertThat(memory.masterBytes()).isEqualTo(adapters * 4);
    assertThat(memory.optimizerBytes()).isEqualTo(adapters * 8);
    assertThat(memory.gradientBytes()).isEqualTo(adapters * 4);
  }

  /** The backward pass is at one module at a time. */
  @Test
  void dropoutHasTwoCopiesOfTheLargestInput() throws IOException {
    // Of so many tokens a block takes more than the head.
    SftRun run = llama(Set.of(UP_3, "model.layers.3.mlp.down_proj.weight")).withRows(240);
    String length = "phases.one.sequence_len=240";

    MemoryEstimate without = run.check(TARGETING, length, "phases.one.adapter=lora").memory();
    MemoryEstimate dropping =
        run.check(TARGETING, length, "phases.one.adapter={type: lora, dropout: 0.1}").memory();

    assertThat(dropping.activationBytes() - without.activationBytes()).isEqualTo(240 * 2 * 160 * 4);
  }

  private long activations(String trained) throws IOException {
    return llama(Set.of(trained)).check().memory().activationBytes();
  }

  private SftRun llama(Set<String> trained) throws IOException {
    Path base = folder.resolve("tiny-llama");
    if (!base.toFile().exists()) {
      Fixture.LLAMA.copyTo(folder);
    }
    return new SftRun(folder, base, trained).withRows(40, 30, 20);
  }
}
