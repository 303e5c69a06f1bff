package dev.polyphase.phases.model;

import static dev.polyphase.phases.model.PublishedConfigs.LLAMA_2_7B;
import static dev.polyphase.phases.model.PublishedConfigs.LLAMA_3_1_8B;
import static dev.polyphase.phases.model.PublishedConfigs.MISTRAL_7B_V0_1;
import static dev.polyphase.phases.model.PublishedConfigs.MISTRAL_NEMO;
import static dev.polyphase.phases.model.PublishedConfigs.NEWER_SPELLING;
import static dev.polyphase.phases.model.PublishedConfigs.QWEN2_5_7B;
import static dev.polyphase.phases.model.PublishedConfigs.QWEN3_8B;
import static dev.polyphase.phases.model.PublishedConfigs.SMOLLM2_135M;
import static dev.polyphase.phases.model.PublishedConfigs.with;
import static dev.polyphase.phases.model.PublishedConfigs.without;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations of public models, and variants of them. */
class ConfigReaderTest {
  private static final Rope.Scaling UNSCALED = new Rope.Scaling.None();

  @TempDir Path folder;

  @Test
  void llama2() throws IOException {
    assertThat(read(LLAMA_2_7B))
        .isEqualTo(
            new ModelConfig(
                file(),
                Architecture.LLAMA,
                4096,
                11008,
                32,
                32,
                32,
                128,
                32000,
                1e-5,
                new Rope(10000, UNSCALED),
                Collections.nCopies(32, 0),
                false,
                false,
                false,
                false,
                HeadTie.UNTIED));
  }

  @Test
  void llama31() throws IOException {
    ModelConfig config = read(LLAMA_3_1_8B);
    assertThat(config.rope()).isEqualTo(new Rope(500_000, new Rope.Scaling.Llama3(8, 1, 4, 8192)));
    assertThat(config.numKeyValueHeads()).isEqualTo(8);
    assertThat(config.intermediateSize()).isEqualTo(14336);
  }

  @Test
  void smolLm2() throws IOException {
    ModelConfig config = read(SMOLLM2_135M);
    assertThat(config.headDim()).isEqualTo(64);
    assertThat(config.tiedHead()).isTrue();
    assertThat(config.rope()).isEqualTo(new Rope(100_000, UNSCALED));
  }

  @Test
  void mistral() throws IOException {
    assertThat(read(MISTRAL_7B_V0_1).windows()).hasSize(32).containsOnly(4096);
    assertThat(read(with(MISTRAL_7B_V0_1, "sliding_window", "null")).windows()).containsOnly(0);
    // v0.3 derivatives write the head's size as null.
    assertThat(read(with(MISTRAL_7B_V0_1, "head_dim", "null")).headDim()).isEqualTo(128);
    // transformers' default where the key is not there.
    assertThat(read(without(MISTRAL_7B_V0_1, "sliding_window")).windows()).containsOnly(4096);
  }

  @Test
  void mistralNemo() throws IOException {
    ModelConfig config = read(MISTRAL_NEMO);
    assertThat(config.headDim()).isEqualTo(128); // and not 5120 / 32
    assertThat(config.windows()).hasSize(40).containsOnly(0);
    assertThat(config.queryKeyValueBias()).isFalse();
  }

  @Test
  void qwen25() throws IOException {
    ModelConfig config = read(QWEN2_5_7B);
    assertThat(config.windows()).hasSize(28).containsOnly(0);
    assertThat(config.queryKeyValueBias()).isTrue();
    assertThat(config.outputBias()).isFalse();
    assertThat(config.rmsNormEps()).isEqualTo(1e-6);
    assertThat(config.headDim()).isEqualTo(128);
  }

  @Test
  void qwenSlidesFromALayerOnWhereAsked() throws IOException {
    String sliding =
        with(with(QWEN2_5_7B, "use_sliding_window", "true"), "max_window_layers", "20");
    assertThat(read(sliding).windows().subList(0, 20)).containsOnly(0);
    assertThat(read(sliding).windows().subList(20, 28)).containsOnly(131072);
    assertThat(read(with(sliding, "sliding_window", "null")).windows()).containsOnly(0);
    assertThat(read(with(sliding, "max_window_layers", "99")).windows()).containsOnly(0);
  }

  @Test
  void qwen3() throws IOException {
    ModelConfig config = read(QWEN3_8B);
    assertThat(config.queryKeyNorm()).isTrue();
    assertThat(config.queryKeyValueBias()).isFalse();
    assertThat(config.headDim()).isEqualTo(128);
    assertThat(read(without(QWEN3_8B, "head_dim")).headDim()).isEqualTo(128);
    ModelConfig biased = read(with(QWEN3_8B, "attention_bias", "true"));
    assertThat(biased.queryKeyValueBias()).isTrue();
    assertThat(biased.outputBias()).isTrue();
  }

  @Test
  void newerSpelling() throws IOException {
    ModelConfig config = read(NEWER_SPELLING);
    assertThat(config.rope()).isEqualTo(new Rope(1_000_000, UNSCALED));
    assertThat(config.windows()).containsExactly(0, 64, 0);
    String scaled =
        with(
            NEWER_SPELLING,
            "rope_parameters",
            """
            {"rope_type": "llama3", "rope_theta": 5e5, "factor": 32, "low_freq_factor": 1.0,
             "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
            """);
    assertThat(read(scaled).rope())
        .isEqualTo(new Rope(500_000, new Rope.Scaling.Llama3(32, 1, 4, 8192)));
    assertThat(read(with(NEWER_SPELLING, "rope_scaling", "null")).rope().theta()).isEqualTo(1e6);
  }

  @Test
  void defaultsAreTransformers() throws IOException {
    String least =
        """
        {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 96,
         "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 100,
         "quantization_config": null, "attention_dropout": null}
        """;
    ModelConfig config = read(least);
    assertThat(config.numKeyValueHeads()).isEqualTo(4);
    assertThat(config.rmsNormEps()).isEqualTo(1e-6);
    assertThat(config.rope().theta()).isEqualTo(10_000);
    assertThat(config.tiedHead()).isFalse();
  }

  @Test
  void olderSpellingOfTheScalingsType() throws IOException {
    String older =
        with(
            LLAMA_3_1_8B,
            "rope_scaling",
            """
            {"type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
             "original_max_position_embeddings": 8192}
            """);
    assertThat(read(older).rope()).isEqualTo(read(LLAMA_3_1_8B).rope());
  }

  private Path file() {
    return folder.resolve("config.json");
  }

  private ModelConfig read(String config) throws IOException {
    Files.writeString(file(), config);
    return ConfigReader.readFile(file());
  }
}
