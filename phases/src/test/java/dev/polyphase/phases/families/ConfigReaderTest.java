package dev.polyphase.phases.families;

import static dev.polyphase.phases.families.PublishedConfigs.GEMMA_2_9B;
import static dev.polyphase.phases.families.PublishedConfigs.GEMMA_3_4B_IT;
import static dev.polyphase.phases.families.PublishedConfigs.GPT_OSS_20B;
import static dev.polyphase.phases.families.PublishedConfigs.LLAMA_2_7B;
import static dev.polyphase.phases.families.PublishedConfigs.LLAMA_3_1_8B;
import static dev.polyphase.phases.families.PublishedConfigs.MISTRAL_7B_V0_1;
import static dev.polyphase.phases.families.PublishedConfigs.MISTRAL_NEMO;
import static dev.polyphase.phases.families.PublishedConfigs.MIXTRAL_8X7B;
import static dev.polyphase.phases.families.PublishedConfigs.NEWER_SPELLING;
import static dev.polyphase.phases.families.PublishedConfigs.QWEN2_5_7B;
import static dev.polyphase.phases.families.PublishedConfigs.QWEN3_30B_A3B;
import static dev.polyphase.phases.families.PublishedConfigs.QWEN3_8B;
import static dev.polyphase.phases.families.PublishedConfigs.SMOLLM2_135M;
import static dev.polyphase.phases.families.PublishedConfigs.with;
import static dev.polyphase.phases.families.PublishedConfigs.without;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.EndRules;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.Mlp;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.RmsNorm;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.phases.model.RopeScaling;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations of public models, and variants of them. */
class ConfigReaderTest {
  private static final RopeScaling UNSCALED = new RopeScaling.None();
  private static final RmsNorm NORM = new RmsNorm(1e-5, RmsNorm.Form.WEIGHT_AFTER_ROUNDING);

  @TempDir Path folder;

  @Test
  void llama2() throws IOException {
    assertThat(read(LLAMA_2_7B))
        .isEqualTo(
            new ModelConfig(
                4096,
                32000,
                NORM,
                Collections.nCopies(
                    32,
                    new DecoderBlock(
                        4096,
                        NORM,
                        DecoderBlock.Norms.BEFORE,
                        1,
                        new Attention(
                            new Attention.Heads(32, 32, 128),
                            new Attention.Projections(false, false, false),
                            Attention.HeadNorms.NONE,
                            rope(128, 10_000, UNSCALED, 4096),
                            0,
                            Attention.Scores.PLAIN),
                        new Mlp(11008, false))),
                EndRules.NONE,
                HeadTie.UNTIED,
                TextNames.PLAIN));
  }

  @Test
  void gemma2() throws IOException {
    ModelConfig config = read(GEMMA_2_9B);
    assertThat(windows(config)).hasSize(42).startsWith(4096, 0, 4096, 0);
    assertThat(attention(config).scores()).isEqualTo(new Attention.Scores(1 / 16.0, 50, false));
    assertThat(config.norm().form()).isEqualTo(RmsNorm.Form.ONE_PLUS_WEIGHT);
    assertThat(config.ends()).isEqualTo(new EndRules(0, Math.sqrt(3584), true, 1, 30));
    assertThat(config.tiedHead()).isTrue();
  }

  @Test
  void gemma3WithinALargerModelHasItsFamilysDefaults() throws IOException {
    ModelConfig config = read(GEMMA_3_4B_IT);
    assertThat(config.vocabSize()).isEqualTo(262_208);
    assertThat(config.hiddenSize()).isEqualTo(2560);
    assertThat(attention(config).heads()).isEqualTo(new Attention.Heads(8, 4, 256));
    assertThat(windows(config)).hasSize(34).startsWith(1024, 1024, 1024, 1024, 1024, 0, 1024);
    Rope.Rotary sliding = (Rope.Rotary) config.blocks().get(0).attention().rope();
    Rope.Rotary full = (Rope.Rotary) config.blocks().get(5).attention().rope();
    assertThat(sliding.theta()).isEqualTo(10_000);
    assertThat(sliding.scaling()).isEqualTo(UNSCALED);
    assertThat(full.theta()).isEqualTo(1_000_000);
    assertThat(full.scaling()).isEqualTo(new RopeScaling.Linear(8));
    assertThat(config.tiedHead()).isTrue();
  }

  @Test
  void llama31() throws IOException {
    ModelConfig config = read(LLAMA_3_1_8B);
    assertThat(attention(config).rope())
        .isEqualTo(rope(128, 500_000, new RopeScaling.Llama3(8, 1, 4, 8192), 131_072));
    assertThat(attention(config).heads().keyValues()).isEqualTo(8);
    assertThat(config.blocks().get(0).feedForward()).isEqualTo(new Mlp(14336, false));
  }

  @Test
  void smolLm2() throws IOException {
    ModelConfig config = read(SMOLLM2_135M);
    assertThat(attention(config).heads().dim()).isEqualTo(64);
    assertThat(config.tiedHead()).isTrue();
    assertThat(attention(config).rope()).isEqualTo(rope(64, 100_000, UNSCALED, 8192));
  }

  @Test
  void mistral() throws IOException {
    assertThat(windows(read(MISTRAL_7B_V0_1))).hasSize(32).containsOnly(4096);
    assertThat(windows(read(with(MISTRAL_7B_V0_1, "sliding_window", "null")))).containsOnly(0);
    // v0.3 derivatives write the head's size as null.
    assertThat(attention(read(with(MISTRAL_7B_V0_1, "head_dim", "null"))).heads().dim())
        .isEqualTo(128);
    // transformers' default where the key is not there.
    assertThat(windows(read(without(MISTRAL_7B_V0_1, "sliding_window")))).containsOnly(4096);
  }

  @Test
  void mistralNemo() throws IOException {
    ModelConfig config = read(MISTRAL_NEMO);
    assertThat(attention(config).heads().dim()).isEqualTo(128); // and not 5120 / 32
    assertThat(windows(config)).hasSize(40).containsOnly(0);
    assertThat(attention(config).projections().queryKeyValueBias()).isFalse();
  }

  @Test
  void qwen25() throws IOException {
    ModelConfig config = read(QWEN2_5_7B);
    assertThat(windows(config)).hasSize(28).containsOnly(0);
    assertThat(attention(config).projections().queryKeyValueBias()).isTrue();
    assertThat(attention(config).projections().outputBias()).isFalse();
    assertThat(config.norm().eps()).isEqualTo(1e-6);
    assertThat(attention(config).heads().dim()).isEqualTo(128);
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
    assertThat(attention(config).headNorms()).isEqualTo(Attention.HeadNorms.EACH_HEAD);
    assertThat(attention(config).projections().queryKeyValueBias()).isFalse();
    assertThat(attention(config).heads().dim()).isEqualTo(128);
    assertThat(attention(read(without(QWEN3_8B, "head_dim"))).heads().dim()).isEqualTo(128);
    ModelConfig biased = read(with(QWEN3_8B, "attention_bias", "true"));
    assertThat(attention(biased).projections().queryKeyValueBias()).isTrue();
    assertThat(attention(biased).projections().outputBias()).isTrue();
  }

  @Test
  void qwen3Moe() throws IOException {
    Experts experts = experts(read(QWEN3_30B_A3B), 0);
    assertThat(experts.count()).isEqualTo(128);
    assertThat(experts.chosen()).isEqualTo(8);
    assertThat(experts.intermediateSize()).isEqualTo(768);
    assertThat(experts.routing()).isEqualTo(new Experts.Routing.SoftmaxFirst(true, true));
    assertThat(experts.lossWeight()).isZero();
    String newer = without(with(QWEN3_30B_A3B, "num_local_experts", "128"), "num_experts");
    assertThat(read(newer)).isEqualTo(read(QWEN3_30B_A3B));
    ModelConfig mixed =
        read(with(with(QWEN3_30B_A3B, "mlp_only_layers", "[3]"), "decoder_sparse_step", "2"));
    assertThat(
            mixed.blocks().stream().limit(6).map(block -> block.feedForward() instanceof Experts))
        .containsExactly(false, true, false, false, false, true);
    assertThat(read(with(QWEN3_30B_A3B, "num_experts", "0")).blocks())
        .allMatch(block -> block.feedForward() instanceof Mlp);
    String asked = with(QWEN3_30B_A3B, "output_router_logits", "true");
    assertThat(experts(read(asked), 0).lossWeight()).isEqualTo(0.001);
    assertThat(experts(read(with(asked, "router_aux_loss_coef", "0")), 0).lossWeight()).isZero();
  }

  @Test
  void mixtral() throws IOException {
    Experts experts = experts(read(MIXTRAL_8X7B), 31);
    assertThat(experts.count()).isEqualTo(8);
    assertThat(experts.intermediateSize()).isEqualTo(14336);
    assertThat(experts.routing()).isEqualTo(new Experts.Routing.SoftmaxFirst(true, false));
    assertThat(windows(read(with(MIXTRAL_8X7B, "sliding_window", "64")))).containsOnly(64);
    assertThat(theta(read(without(MIXTRAL_8X7B, "rope_theta")))).isEqualTo(1e6);
  }

  @Test
  void gptOss() throws IOException {
    ModelConfig config = read(GPT_OSS_20B);
    assertThat(experts(config, 0).form()).isEqualTo(new Experts.Form.Interleaved(7, 1.702));
    assertThat(windows(config).subList(0, 3)).containsExactly(128, 0, 128);
    assertThat(attention(config).scores().sinks()).isTrue();
    assertThat(attention(config).projections().outputBias()).isTrue();
    String bare = without(without(GPT_OSS_20B, "rope_scaling"), "rope_theta");
    assertThat(read(bare)).isEqualTo(config);
  }

  private static Experts experts(ModelConfig config, int layer) {
    return (Experts) config.blocks().get(layer).feedForward();
  }

  @Test
  void newerSpelling() throws IOException {
    ModelConfig config = read(NEWER_SPELLING);
    assertThat(theta(config)).isEqualTo(1e6);
    assertThat(windows(config)).containsExactly(0, 64, 0);
    String scaled =
        with(
            NEWER_SPELLING,
            "rope_parameters",
            """
            {"rope_type": "llama3", "rope_theta": 5e5, "factor": 32, "low_freq_factor": 1.0,
             "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
            """);
    assertThat(((Rope.Rotary) attention(read(scaled)).rope()).scaling())
        .isEqualTo(new RopeScaling.Llama3(32, 1, 4, 8192));
    assertThat(theta(read(scaled))).isEqualTo(5e5);
    assertThat(theta(read(with(NEWER_SPELLING, "rope_scaling", "null")))).isEqualTo(1e6);
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
    assertThat(config.norm().eps()).isEqualTo(1e-6);
    assertThat(theta(config)).isEqualTo(10_000);
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
    assertThat(read(older)).isEqualTo(read(LLAMA_3_1_8B));
  }

  private static Attention attention(ModelConfig config) {
    return config.blocks().get(0).attention();
  }

  private static double theta(ModelConfig config) {
    return ((Rope.Rotary) attention(config).rope()).theta();
  }

  private static Rope rope(int dim, double theta, RopeScaling scaling, int maxPositions) {
    return new Rope.Rotary(dim, theta, scaling, Optional.empty(), OptionalInt.of(maxPositions));
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
