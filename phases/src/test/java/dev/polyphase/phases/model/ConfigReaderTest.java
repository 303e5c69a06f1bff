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

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
                4096,
                32000,
                1e-5,
                Collections.nCopies(
                    32,
                    new DecoderBlock(
                        4096,
                        1e-5,
                        new Attention(
                            new Attention.Heads(32, 32, 128),
                            false,
                            false,
                            false,
                            new Rope(10000, UNSCALED),
                            0),
                        new Mlp(11008, false))),
                HeadTie.UNTIED));
  }

  @Test
  void llama31() throws IOException {
    ModelConfig config = read(LLAMA_3_1_8B);
    assertThat(config.rope()).isEqualTo(new Rope(500_000, new Rope.Scaling.Llama3(8, 1, 4, 8192)));
    assertThat(attention(config).heads().keyValues()).isEqualTo(8);
    assertThat(config.blocks().get(0).mlp().intermediateSize()).isEqualTo(14336);
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
    assertThat(windows(read(MISTRAL_7B_V0_1))).hasSize(32).containsOnly(4096);
    assertThat(windows(read(with(MISTRAL_7B_V0_1, "sliding_window", "null")))).containsOnly(0);
    // v0.3 derivatives write the head's size as null.
    assertThat(read(with(MISTRAL_7B_V0_1, "head_dim", "null")).headDim()).isEqualTo(128);
    // transformers' default where the key is not there.
    assertThat(windows(read(without(MISTRAL_7B_V0_1, "sliding_window")))).containsOnly(4096);
  }

  @Test
  void mistralNemo() throws IOException {
    ModelConfig config = read(MISTRAL_NEMO);
    assertThat(config.headDim()).isEqualTo(128); // and not 5120 / 32
    assertThat(windows(config)).hasSize(40).containsOnly(0);
    assertThat(attention(config).queryKeyValueBias()).isFalse();
  }

  @Test
  void qwen25() throws IOException {
    ModelConfig config = read(QWEN2_5_7B);
    assertThat(windows(config)).hasSize(28).containsOnly(0);
    assertThat(attention(config).queryKeyValueBias()).isTrue();
    assertThat(attention(config).outputBias()).isFalse();
    assertThat(config.rmsNormEps()).isEqualTo(1e-6);
    assertThat(config.headDim()).isEqualTo(128);
  }

  @Test
  void qwenSlidesFromALayerOnWhereAsked() throws IOException {
    String sliding =
        with(with(QWEN2_5_7B, "use_sliding_window", "true"), "max_window_layers", "20");
    assertThat(windows(read(sliding)).subList(0, 20)).containsOnly(0);
    assertThat(windows(read(sliding)).subList(20, 28)).containsOnly(131072);
    assertThat(windows(read(with(sliding, "sliding_window", "null")))).containsOnly(0);
    assertThat(windows(read(with(sliding, "max_window_layers", "99")))).containsOnly(0);
  }

  @Test
  void qwen3() throws IOException {
    ModelConfig config = read(QWEN3_8B);
    assertThat(attention(config).headNorms()).isTrue();
    assertThat(attention(config).queryKeyValueBias()).isFalse();
    assertThat(config.headDim()).isEqualTo(128);
    assertThat(read(without(QWEN3_8B, "head_dim")).headDim()).isEqualTo(128);
    ModelConfig biased = read(with(QWEN3_8B, "attention_bias", "true"));
    assertThat(attention(biased).queryKeyValueBias()).isTrue();
    assertThat(attention(biased).outputBias()).isTrue();
  }

  @Test
  void newerSpelling() throws IOException {
    ModelConfig config = read(NEWER_SPELLING);
    assertThat(config.rope()).isEqualTo(new Rope(1_000_000, UNSCALED));
    assertThat(windows(config)).containsExactly(0, 64, 0);
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

  /** All that transformers 4 wrote, generation's defaults and its own attributes among them. */
  @Test
  void keysThatChangeNothingAreAccepted() throws IOException {
    String harmless =
        """
        {"_flash_attn_2_enabled": true, "_attn_implementation_internal": "sdpa",
         "_commit_hash": "x", "add_cross_attention": false, "bad_words_ids": [[1]],
         "begin_suppress_tokens": [220], "chunk_size_feed_forward": 0,
         "cross_attention_hidden_size": 64, "diversity_penalty": 0.0, "do_sample": false,
         "early_stopping": false, "encoder_no_repeat_ngram_size": 0,
         "exponential_decay_length_penalty": [1, 1.1], "finetuning_task": "x",
         "forced_bos_token_id": 1, "forced_eos_token_id": 2, "gradient_checkpointing": false,
         "is_causal": true, "is_decoder": true, "length_penalty": 1.0, "max_length": 20,
         "min_length": 0, "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 4,
         "num_return_sequences": 1, "output_scores": false, "partial_rotary_factor": 1.0,
         "prefix": "a", "problem_type": "x", "pruned_heads": {}, "remove_invalid_values": false,
         "repetition_penalty": 1.1, "return_dict_in_generate": false, "sep_token_id": 3,
         "suppress_tokens": [], "temperature": 1.0, "tf_legacy_loss": false,
         "tie_encoder_decoder": false, "top_k": 50, "top_p": 1.0, "typical_p": 1.0,
         "use_bfloat16": false, "use_sliding_window": false,
         "rope_scaling": {"rope_type": "default", "partial_rotary_factor": 1}}
        """;
    String config = LLAMA_2_7B;
    for (Map.Entry<String, JsonNode> key : new ObjectMapper().readTree(harmless).properties()) {
      config = with(config, key.getKey(), key.getValue().toString());
    }

    assertThat(read(config)).isEqualTo(read(LLAMA_2_7B));
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
    assertThat(attention(config).heads().keyValues()).isEqualTo(4);
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

  private static Attention attention(ModelConfig config) {
    return config.blocks().get(0).attention();
  }

  private static List<Integer> windows(ModelConfig config) {
    return config.blocks().stream().map(block -> block.attention().window()).toList();
  }

  private Path file() {
    return folder.resolve("config.json");
  }

  private ModelConfig read(String config) throws IOException {
    Files.writeString(file(), config);
    return ConfigReader.readFile(file());
  }
}
