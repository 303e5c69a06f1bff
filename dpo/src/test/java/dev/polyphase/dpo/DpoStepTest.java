package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.dpo.MeasuredSteps.Way;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The ways to ask the reference against each other: what they train, and what they take. */
class DpoStepTest {
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "hidden_size": 512, "num_hidden_layers": 8,
       "num_attention_heads": 8, "intermediate_size": 1408, "vocab_size": 4096}
      """;

  @TempDir Path folder;

  /** A whole second model is the second method. */
  @Test
  void everyWayTrainsTheSame() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    List<float[]> separate = trained(Way.SEPARATE, base);

    assertThat(trained(Way.PRECOMPUTED, base)).usingRecursiveComparison().isEqualTo(separate);
    assertThat(trained(Way.SHARED, base)).usingRecursiveComparison().isEqualTo(separate);
    assertThat(trained(Way.SFT, base)).usingRecursiveComparison().isNotEqualTo(separate);
  }

  private static List<float[]> trained(Way way, Path base) throws IOException {
    List<float[]> values = new ArrayList<>();
    try (MeasuredSteps.Opened opened =
        MeasuredSteps.open(way, base, projections(base), Precision.FLOAT32)) {
      for (int step = 0; step < 3; step++) {
        opened.step().run();
      }
      for (TrainedTensor tensor : opened.model().trained()) {
        values.add(tensor.master().upper().toFloatArray());
      }
    }
    return values;
  }

  /**
   * The bar is the trained share of the weights in the compute's dtype, and a tenth of it. In
   * float32 the shared reference's pages are those of the model's file; they are resident too.
   */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void aReferenceTakesNoMoreThanTheTrainedShareBesideSft(Precision precision) throws Exception {
    Path small = Fixture.LLAMA.copyTo(folder);
    Path base = randomModel();
    long sft = peakOfChild(Way.SFT, precision, small, base);
    long precomputed = peakOfChild(Way.PRECOMPUTED, precision, small, base);
    long shared = peakOfChild(Way.SHARED, precision, small, base);

    long share = values(base, projections(base)) * precision.elementType().bytes();
    String measured =
        "share %,d: sft %,d, precomputed %,d, shared %,d"
            .formatted(share, sft, precomputed, shared);
    assertThat(precomputed - sft).as(measured).isLessThan(share / 10);
    // What is less than this was not measured at all.
    assertThat(shared - sft).as(measured).isBetween(share - share / 5, share + share / 10);
  }

  private Path randomModel() throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
    Path outline = Files.createDirectory(folder.resolve("outline"));
    new RandomModels().outline(config, tokenizer, outline);
    new RandomModels().create(outline, folder.resolve("base"), 1);
    return folder.resolve("base");
  }

  private static Set<String> projections(Path base) throws IOException {
    return Checkpoint.open(base).tensors().stream()
        .map(TensorInfo::name)
        .filter(name -> name.endsWith("_proj.weight"))
        .collect(Collectors.toSet());
  }

  private static long values(Path base, Set<String> names) throws IOException {
    return Checkpoint.open(base).tensors().stream()
        .filter(tensor -> names.contains(tensor.name()))
        .mapToLong(TensorInfo::elements)
        .sum();
  }

  private static long peakOfChild(Way way, Precision precision, Path small, Path base)
      throws Exception {
    ProcessBuilder child =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xms128m",
            "-Xmx128m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            MeasuredSteps.class.getName(),
            way.name(),
            precision.name(),
            String.join(",", projections(base)),
            small.toString(),
            base.toString());
    // What is freed is given back at once, so that the peak is of what is alive.
    child.environment().put("MALLOC_MMAP_THRESHOLD_", "131072");
    // Each thread has memory of its own that has nothing to do with the way.
    child.environment().put("MALLOC_ARENA_MAX", "1");
    child.environment().put("OMP_NUM_THREADS", "1");
    Process process = child.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).isZero();
    return Long.parseLong(printed);
  }
}
