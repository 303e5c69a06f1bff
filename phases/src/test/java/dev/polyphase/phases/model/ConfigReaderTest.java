package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations as the public models have them, and what is wrong with others. */
class ConfigReaderTest {
  private static final Rope.Scaling UNSCALED = new Rope.Scaling.None();

  private static final String LLAMA_2_7B =
      """
      {"_name_or_path": "meta-llama/Llama-2-7b-hf", "architectures": ["LlamaForCausalLM"],
       "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2,
       "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
       "intermediate_size": 11008, "max_position_embeddings": 4096, "model_type": "llama",
       "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32,
       "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0,
       "tie_word_embeddings": false, "torch_dtype": "float16", "transformers_version": "4.37.2",
       "use_cache": true, "vocab_size": 32000}
      """;

  private static final String LLAMA_3_1_8B =
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "hidden_act": "silu",
       "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336,
       "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
       "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
       "pretraining_tp": 1, "rms_norm_eps": 1e-05,
       "rope_scaling": {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
         "original_max_position_embeddings": 8192, "rope_type": "llama3"},
       "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
       "transformers_version": "4.43.0.dev0", "use_cache": true, "vocab_size": 128256}
      """;

  private static final String SMOLLM2_135M =
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 576,
       "initializer_range": 0.041666666666666664, "intermediate_size": 1536,
       "is_llama_config": true, "max_position_embeddings": 8192, "model_type": "llama",
       "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3,
       "pad_token_id": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_interleaved": false,
       "rope_scaling": null, "rope_theta": 100000, "tie_word_embeddings": true,
       "torch_dtype": "bfloat16", "transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16"}},
       "transformers_version": "4.42.3", "use_cache": true, "vocab_size": 49152}
      """;

  private static final String MISTRAL_7B_V0_1 =
      """
      {"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2,
       "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
       "intermediate_size": 14336, "max_position_embeddings": 32768, "model_type": "mistral",
       "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8,
       "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
       "tie_word_embeddings": false, "torch_dtype": "bfloat16",
       "transformers_version": "4.34.0.dev0", "use_cache": true, "vocab_size": 32000}
      """;

  private static final String MISTRAL_NEMO =
      """
      {"architectures": ["MistralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1,
       "eos_token_id": 2, "head_dim": 128, "hidden_act": "silu", "hidden_size": 5120,
       "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 1024000,
       "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 40,
       "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
       "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
       "transformers_version": "4.43.0.dev0", "use_cache": true, "vocab_size": 131072}
      """;

  private static final String QWEN2_5_7B =
      """
      {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
       "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 3584,
       "initializer_range": 0.02, "intermediate_size": 18944, "max_position_embeddings": 131072,
       "max_window_layers": 28, "model_type": "qwen2", "num_attention_heads": 28,
       "num_hidden_layers": 28, "num_key_value_heads": 4, "rms_norm_eps": 1e-06,
       "rope_theta": 1000000.0, "sliding_window": 131072, "tie_word_embeddings": false,
       "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": true,
       "use_mrope": false, "use_sliding_window": false, "vocab_size": 152064}
      """;

  private static final String QWEN3_8B =
      """
      {"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
       "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 12288,
       "max_position_embeddings": 40960, "max_window_layers": 36, "model_type": "qwen3",
       "num_attention_heads": 32, "num_hidden_layers": 36, "num_key_value_heads": 8,
       "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
       "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
       "transformers_version": "4.51.0", "use_cache": true, "use_sliding_window": false,
       "vocab_size": 151936}
      """;

  /** As transformers 5 writes. */
  private static final String NEWER_SPELLING =
      """
      {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": null,
       "dtype": "bfloat16", "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 896,
       "initializer_range": 0.02, "intermediate_size": 4864,
       "layer_types": ["full_attention", "sliding_attention", "full_attention"],
       "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2",
       "num_attention_heads": 14, "num_hidden_layers": 3, "num_key_value_heads": 2,
       "pad_token_id": null, "rms_norm_eps": 1e-06,
       "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
       "sliding_window": 64, "tie_word_embeddings": true, "transformers_version": "5.0.0",
       "use_cache": true, "use_sliding_window": true, "vocab_size": 151936}
      """;

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
                false));
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

  @Test
  void fileThatIsNoObject() throws IOException {
    assertThat(problems(folder))
        .containsExactly(file() + ": is missing: a model's folder needs its config.json");
    assertThat(problems("")).containsExactly(file() + ": must be a JSON object");
    assertThat(problems("[1]")).containsExactly(file() + ": must be a JSON object");
    assertThat(problems("null")).containsExactly(file() + ": must be a JSON object");
    assertThat(problems("{\n  \"a\": yes\n}"))
        .singleElement()
        .asString()
        .startsWith(file() + ":2:8: is no JSON: Unrecognized token 'yes'");
    assertThat(problems("{\"a\": 1")).singleElement().asString().contains("config.json:1:");
    assertThat(problems("{} {}")).singleElement().asString().contains("is no JSON");
    assertThat(problems("{\"a\":".repeat(1_500)))
        .singleElement()
        .asString()
        .startsWith(file() + ": is no JSON: Document nesting depth");
    assertThat(problems("{\"a\": " + "1".repeat(1_500) + "}"))
        .singleElement()
        .asString()
        .startsWith(file() + ": is no JSON: Number value length");
    Files.write(file(), new byte[] {'{', (byte) 0xff, '}'});
    assertThat(problems(folder)).containsExactly(file() + ": is no JSON: it is not text in UTF-8");
    Files.delete(file());
    Files.createDirectory(file());
    assertThat(problems(folder)).singleElement().asString().contains("is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[\"GPT2LMHeadModel\"]",
        "[\"LlamaForCausalLM\", \"MistralForCausalLM\"]",
        "[\"LlamaForSequenceClassification\"]",
        "[]",
        "\"LlamaForCausalLM\"",
        "[null]",
        "{\"0\": \"LlamaForCausalLM\"}",
        "7",
        "null"
      })
  void unknownArchitecture(String architectures) throws IOException {
    assertThat(problems(with(LLAMA_2_7B, "architectures", architectures)))
        .containsExactly(
            file()
                + ": architectures is "
                + architectures.replaceAll("([,:]) ", "$1")
                + ", and these are implemented: LlamaForCausalLM, MistralForCausalLM,"
                + " Qwen2ForCausalLM, Qwen3ForCausalLM");
  }

  @Test
  void missingArchitecture() throws IOException {
    assertThat(problems(without(LLAMA_2_7B, "architectures")))
        .singleElement()
        .asString()
        .contains(": architectures is missing, and");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "hidden_act | \"gelu\" | hidden_act is 'gelu', and only silu is implemented",
        "hidden_act | 3 | hidden_act must be text, found 3",
        "attention_dropout | 0.1 | attention_dropout is 0.1, and dropout is not implemented; set it to 0",
        "attention_dropout | \"high\" | attention_dropout is \"high\", and dropout is not implemented; set it to 0",
        "attention_dropout | {} | attention_dropout is {}, and dropout is not implemented; set it to 0",
        "quantization_config | {\"bits\":4} | quantization_config is not known, so that its effect would be missing: {\"bits\":4}",
        "residual_multiplier | 0.22 | residual_multiplier is not known, so that its effect would be missing: 0.22",
        "rope_interleaved | true | rope_interleaved is true, and only half-split heads are implemented",
        "use_mrope | true | use_mrope is true, and multimodal positions are not implemented",
        "tie_word_embeddings | \"no\" | tie_word_embeddings must be true or false, found \"no\"",
        "tie_word_embeddings | 1 | tie_word_embeddings must be true or false, found 1",
        "attention_bias | [] | attention_bias must be true or false, found []",
        "rms_norm_eps | 0 | rms_norm_eps must be a number above 0, found 0",
        "rms_norm_eps | \"1e-5\" | rms_norm_eps must be a number above 0, found \"1e-5\"",
        "rms_norm_eps | 1e400 | rms_norm_eps must be a number above 0, found \"Infinity\"",
        "rope_theta | -1 | rope_theta must be a number above 0, found -1",
        "rope_theta | {} | rope_theta must be a number above 0, found {}",
        "vocab_size | 0 | vocab_size must be a whole number from 1 to 2147483647, found 0",
        "vocab_size | null | vocab_size must be a whole number from 1 to 2147483647, found null",
        "hidden_size | 1e400 | hidden_size must be a whole number from 1 to 2147483647, found \"Infinity\"",
        "hidden_size | \"4096\" | hidden_size must be a whole number from 1 to 2147483647, found \"4096\"",
        "hidden_size | 4096.0 | hidden_size must be a whole number from 1 to 2147483647, found 4096.0",
        "num_hidden_layers | -1 | num_hidden_layers must be a whole number from 1 to 10000, found -1",
        "num_hidden_layers | 2000000000 | num_hidden_layers must be a whole number from 1 to 10000, found 2000000000",
        "num_attention_heads | 0 | num_attention_heads must be a whole number from 1 to 2147483647, found 0",
        "num_attention_heads | 32.5 | num_attention_heads must be a whole number from 1 to 2147483647, found 32.5",
        "num_attention_heads | 99999999999999999999 | num_attention_heads must be a whole number from 1 to 2147483647, found 99999999999999999999",
        "num_key_value_heads | 5 | num_key_value_heads must divide num_attention_heads (32), found 5",
        "num_key_value_heads | 64 | num_key_value_heads must divide num_attention_heads (32), found 64",
        "num_key_value_heads | [8] | num_key_value_heads must be a whole number from 1 to 2147483647, found [8]",
        "head_dim | 127 | head_dim must be even for rotary positions, found 127",
        "head_dim | 0 | head_dim must be a whole number from 1 to 2147483647, found 0",
        "sliding_window | 4096 | sliding_window is not implemented for this architecture",
        "layer_types | [\"full_attention\"] | layer_types must have one entry a layer (32), found 1",
        "layer_types | \"full_attention\" | layer_types must have one entry a layer (32), found 0",
        "rope_scaling | \"yarn\" | rope_scaling must be a mapping, found \"yarn\"",
        "rope_scaling | [{\"type\":\"yarn\"}] | rope_scaling must be a mapping, found [{\"type\":\"yarn\"}]",
        "rope_scaling | 8.0 | rope_scaling must be a mapping, found 8.0",
        "rope_parameters | true | rope_parameters must be a mapping, found true",
      })
  void whatIsWrongIsNamed(String key, String value, String sentence) throws IOException {
    assertThat(problems(with(LLAMA_2_7B, key, value)))
        .singleElement()
        .asString()
        .startsWith(file() + ": " + sentence);
  }

  @ParameterizedTest
  @ValueSource(strings = {"linear", "dynamic", "yarn", "longrope", "su", "mrope"})
  void scalingsThatAreNotImplemented(String type) throws IOException {
    for (String spelling : List.of("type", "rope_type")) {
      String scaling =
          "{\"%s\": \"%s\", \"factor\": 4.0, \"mscale\": [1.0, null]}".formatted(spelling, type);
      assertThat(problems(with(LLAMA_2_7B, "rope_scaling", scaling)))
          .containsExactly(
              file()
                  + ": rope_scaling.rope_type is '"
                  + type
                  + "', and default and llama3 are implemented");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"factor\": 2.0} | factor is not known, so that its effect would be missing: 2.0",
        "{\"rope_type\": 5} | rope_type must be text, found 5",
        "{\"rope_type\": \"default\", \"mrope_section\": [16]} | mrope_section is not known, so that its effect would be missing: [16]",
      })
  void scalingsWithMistakes(String scaling, String sentence) throws IOException {
    assertThat(problems(with(LLAMA_2_7B, "rope_scaling", scaling)))
        .containsExactly(file() + ": rope_scaling." + sentence);
  }

  @Test
  void llama3ScalingWithMistakes() throws IOException {
    assertThat(problems(with(LLAMA_3_1_8B, "rope_scaling", "{\"rope_type\": \"llama3\"}")))
        .containsExactly(
            file() + ": rope_scaling.factor must be a number above 0, found nothing",
            file() + ": rope_scaling.low_freq_factor must be a number above 0, found nothing",
            file() + ": rope_scaling.high_freq_factor must be a number above 0, found nothing",
            file()
                + ": rope_scaling.original_max_position_embeddings must be a whole number from 1"
                + " to 2147483647, found nothing");
    String equalFactors =
        """
        {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
         "original_max_position_embeddings": 8192}
        """;
    assertThat(problems(with(LLAMA_3_1_8B, "rope_scaling", equalFactors)))
        .containsExactly(
            file()
                + ": rope_scaling.high_freq_factor must be above low_freq_factor (4.0), found 4.0");
  }

  @Test
  void twoSpellingsOfTheScalingMustAgree() throws IOException {
    String both = with(LLAMA_3_1_8B, "rope_parameters", "{\"rope_type\": \"default\"}");
    assertThat(problems(both))
        .containsExactly(
            file() + ": rope_scaling differs from rope_parameters; keep one of the two");
  }

  @Test
  void headsThatDoNotDivideTheWidth() throws IOException {
    assertThat(problems(with(MISTRAL_7B_V0_1, "num_attention_heads", "24")))
        .containsExactly(file() + ": num_attention_heads must divide hidden_size (4096), found 24");
    assertThat(problems(with(LLAMA_2_7B, "num_attention_heads", "2147483647")))
        .contains(
            file() + ": num_attention_heads must divide hidden_size (4096), found 2147483647");
  }

  @Test
  void layersThatAskForWhatIsNotThere() throws IOException {
    assertThat(problems(with(NEWER_SPELLING, "use_sliding_window", "false")))
        .containsExactly(
            file() + ": layer_types asks for sliding_attention, but no sliding window is in use");
    assertThat(
            problems(
                with(
                    NEWER_SPELLING,
                    "layer_types",
                    "[\"full_attention\", \"chunked_attention\", null]")))
        .containsExactly(
            file() + ": layer_types has \"chunked_attention\", which is not implemented",
            file() + ": layer_types has null, which is not implemented");
    assertThat(problems(with(QWEN2_5_7B, "attention_bias", "true")))
        .containsExactly(
            file() + ": attention_bias is true, which this architecture does not have");
    assertThat(problems(with(MISTRAL_NEMO, "mlp_bias", "true")))
        .containsExactly(file() + ": mlp_bias is true, which this architecture does not have");
  }

  @Test
  void everythingWrongAtOnce() throws IOException {
    String config = LLAMA_2_7B;
    config = with(config, "hidden_act", "\"relu2\"");
    config = with(config, "num_attention_heads", "0");
    config = with(config, "rope_scaling", "{\"type\": \"yarn\", \"factor\": 4}");
    config = with(config, "quantization_config", "{}");
    config = with(config, "mup_scale", "\"" + "x".repeat(100) + "\"");

    assertThat(problems(config))
        .containsExactly(
            file() + ": num_attention_heads must be a whole number from 1 to 2147483647, found 0",
            file() + ": hidden_act is 'relu2', and only silu is implemented",
            file() + ": rope_scaling.rope_type is 'yarn', and default and llama3 are implemented",
            file()
                + ": mup_scale is not known, so that its effect would be missing: \""
                + "x".repeat(59)
                + "…",
            file() + ": quantization_config is not known, so that its effect would be missing: {}");
  }

  private Path file() {
    return folder.resolve("config.json");
  }

  private ModelConfig read(String config) throws IOException {
    Files.writeString(file(), config);
    return ConfigReader.read(folder);
  }

  private List<String> problems(String config) throws IOException {
    Files.writeString(file(), config);
    return problems(folder);
  }

  private static List<String> problems(Path folder) {
    return catchThrowableOfType(InputException.class, () -> ConfigReader.read(folder))
        .problems()
        .stream()
        .map(Object::toString)
        .toList();
  }

  /** The configuration with one key's JSON changed or added; the value stands as it is written. */
  private static String with(String config, String key, String json) throws IOException {
    String rest = without(config, key);
    return rest.substring(0, rest.lastIndexOf('}')) + ", \"" + key + "\": " + json + "}";
  }

  private static String without(String config, String key) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = (ObjectNode) mapper.readTree(config);
    root.remove(key);
    return mapper.writeValueAsString(root);
  }
}
