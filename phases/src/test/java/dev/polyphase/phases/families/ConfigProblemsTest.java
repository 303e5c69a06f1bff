package dev.polyphase.phases.families;

import static dev.polyphase.phases.families.PublishedConfigs.LLAMA_2_7B;
import static dev.polyphase.phases.families.PublishedConfigs.LLAMA_3_1_8B;
import static dev.polyphase.phases.families.PublishedConfigs.MISTRAL_7B_V0_1;
import static dev.polyphase.phases.families.PublishedConfigs.MISTRAL_NEMO;
import static dev.polyphase.phases.families.PublishedConfigs.NEWER_SPELLING;
import static dev.polyphase.phases.families.PublishedConfigs.QWEN2_5_7B;
import static dev.polyphase.phases.families.PublishedConfigs.QWEN3_30B_A3B;
import static dev.polyphase.phases.families.PublishedConfigs.with;
import static dev.polyphase.phases.families.PublishedConfigs.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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

/** What is wrong with a configuration is named, all of it at once. */
class ConfigProblemsTest {
  @TempDir Path folder;

  @Test
  void fileThatIsNoObject() throws IOException {
    assertThat(problems(folder))
        .containsExactly(file() + ": is missing: a model's folder needs its config.json");
    assertThat(problems("")).containsExactly(file() + ":1:1: this is no JSON: it is empty");
    assertThat(problems("[1]"))
        .containsExactly(file() + ": this must be a JSON object, but is [1]");
    assertThat(problems("null"))
        .containsExactly(file() + ": this must be a JSON object, but is null");
    assertThat(problems("{\n  \"a\": yes\n}"))
        .singleElement()
        .asString()
        .startsWith(file() + ":2:8: this is no JSON: yes is no JSON value");
    assertThat(problems("{\"a\": 1")).singleElement().asString().contains("config.json:1:");
    assertThat(problems("{} {}")).singleElement().asString().contains("is no JSON");
    assertThat(problems("{\"a\":".repeat(1_500)))
        .singleElement()
        .asString()
        .isEqualTo(file() + ":1:5001: this is no JSON: it is nested more than 1,000 deep");
    assertThat(problems("{\"a\": " + "1".repeat(1_500) + "}"))
        .singleElement()
        .asString()
        .isEqualTo(file() + ":1:7: this is no JSON: a number has more than 1,000 characters");
    Files.write(file(), new byte[] {'{', (byte) 0xff, '}'});
    assertThat(problems(folder))
        .containsExactly(
            file()
                + ":1:2: this is no JSON: the byte 0xFF is not text in UTF-8; save the text in"
                + " UTF-8");
    Files.delete(file());
    Files.createDirectory(file());
    assertThat(problems(folder))
        .singleElement()
        .asString()
        .contains("this is a folder, and a file is needed");
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
                + ", of model_type \"llama\", and these are implemented: LlamaForCausalLM, MistralForCausalLM,"
                + " Ministral3ForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, Qwen3MoeForCausalLM,"
                + " MixtralForCausalLM, GptOssForCausalLM, SmolLM3ForCausalLM, Gemma2ForCausalLM,"
                + " Gemma3ForCausalLM, Phi3ForCausalLM, Olmo2ForCausalLM, Olmo3ForCausalLM,"
                + " GraniteForCausalLM, Gemma3ForConditionalGeneration,"
                + " Mistral3ForConditionalGeneration");
  }

  @ParameterizedTest
  @CsvSource({
    "FSDPQwen2ForCausalLM, FSDP, Qwen2ForCausalLM",
    "MyLlamaForCausalLM, My, LlamaForCausalLM"
  })
  void aPrefixBeforeAKnownNameIsToBeRemoved(String name, String prefix, String known)
      throws IOException {
    assertThat(problems(with(LLAMA_2_7B, "architectures", "[\"" + name + "\"]")))
        .containsExactly(
            file()
                + ": architectures is [\"%s\"], and %s is implemented; remove the prefix %s, which a program for training left there"
                    .formatted(name, known, prefix));
  }

  @Test
  void anAdaptersFolderIsNamed() throws IOException {
    Files.writeString(
        folder.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"/models/base\"}");
    assertThat(problems(folder))
        .singleElement()
        .asString()
        .startsWith(file() + ": this is an adapter of the model /models/base (adapter_config.json)")
        .contains("merge_and_unload()");
  }

  @Test
  void missingArchitecture() throws IOException {
    assertThat(problems(without(LLAMA_2_7B, "architectures")))
        .singleElement()
        .asString()
        .contains(": architectures is missing, of model_type \"llama\", and");
    assertThat(problems(without(without(LLAMA_2_7B, "architectures"), "model_type")))
        .singleElement()
        .asString()
        .contains(": architectures is missing, and");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "hidden_act | \"gelu\" | hidden_act is 'gelu', and silu and gelu_pytorch_tanh are implemented",
        "hidden_act | 3 | hidden_act must be text, found 3",
        "attention_dropout | 0.1 | attention_dropout is 0.1, and dropout is not implemented; set it"
            + " to 0",
        "attention_dropout | \"high\" | attention_dropout is \"high\", and dropout is not"
            + " implemented; set it to 0",
        "attention_dropout | {} | attention_dropout is {}, and dropout is not implemented; set it"
            + " to 0",
        "residual_multiplier | 0.22 | residual_multiplier is not known, so that its effect would be"
            + " missing: 0.22",
        "rope_interleaved | true | rope_interleaved is true, and only half-split heads are"
            + " implemented",
        "use_mrope | true | use_mrope is true, and multimodal positions are not implemented",
        "partial_rotary_factor | 0.5 | partial_rotary_factor is 0.5, and only 1.0 is implemented",
        "partial_rotary_factor | \"1.0\" | partial_rotary_factor is \"1.0\", and only 1.0 is"
            + " implemented",
        "rope_scaling | {\"rope_type\":\"default\",\"partial_rotary_factor\":0.25} |"
            + " rope_scaling.partial_rotary_factor is 0.25, and only 1.0 is implemented",
        "transformers_weights | \"other.safetensors\" | transformers_weights is not known, so that"
            + " its effect would be missing: \"other.safetensors\"",
        "is_causal | false | is_causal is false, and only true is implemented",
        "add_cross_attention | true | add_cross_attention is true, and only false is implemented",
        "pruned_heads | {\"1\":[0]} | pruned_heads is {\"1\":[0]}, and only {} is implemented",
        "loss_type | \"ForMaskedLM\" | loss_type is \"ForMaskedLM\", and only \"ForCausalLM\" is"
            + " implemented",
        "use_sliding_window | true | use_sliding_window is true, which this architecture does not"
            + " have",
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
        "hidden_size | 1e400 | hidden_size must be a whole number from 1 to 2147483647, found"
            + " \"Infinity\"",
        "hidden_size | \"4096\" | hidden_size must be a whole number from 1 to 2147483647, found"
            + " \"4096\"",
        "hidden_size | 4096.0 | hidden_size must be a whole number from 1 to 2147483647, found"
            + " 4096.0",
        "num_hidden_layers | -1 | num_hidden_layers must be a whole number from 1 to 10000, found"
            + " -1",
        "num_hidden_layers | 2000000000 | num_hidden_layers must be a whole number from 1 to 10000,"
            + " found 2000000000",
        "num_attention_heads | 0 | num_attention_heads must be a whole number from 1 to 2147483647,"
            + " found 0",
        "num_attention_heads | 32.5 | num_attention_heads must be a whole number from 1 to"
            + " 2147483647, found 32.5",
        "num_attention_heads | 99999999999999999999 | num_attention_heads must be a whole number"
            + " from 1 to 2147483647, found 99999999999999999999",
        "num_key_value_heads | 5 | num_key_value_heads must divide num_attention_heads (32), found"
            + " 5",
        "num_key_value_heads | 64 | num_key_value_heads must divide num_attention_heads (32), found"
            + " 64",
        "num_key_value_heads | [8] | num_key_value_heads must be a whole number from 1 to"
            + " 2147483647, found [8]",
        "head_dim | 127 | head_dim must be even for rotary positions, found 127",
        "head_dim | 0 | head_dim must be a whole number from 1 to 2147483647, found 0",
        "sliding_window | 4096 | sliding_window is not implemented for this architecture",
        "layer_types | [\"full_attention\"] | layer_types must have one entry a layer (32), found"
            + " 1",
        "layer_types | \"full_attention\" | layer_types must have one entry a layer (32), found 0",
        "rope_scaling | \"yarn\" | rope_scaling must be a mapping, found \"yarn\"",
        "rope_scaling | [{\"type\":\"yarn\"}] | rope_scaling must be a mapping, found"
            + " [{\"type\":\"yarn\"}]",
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
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "num_local_experts | 4 | num_local_experts is 4, but num_experts is 128",
        "num_experts_per_tok | 129 | num_experts_per_tok must be at most the number of experts (128),"
            + " found 129",
        "num_experts_per_tok | 0 | num_experts_per_tok must be a whole number from 1 to 2147483647,"
            + " found 0",
        "moe_intermediate_size | -1 | moe_intermediate_size must be a whole number from 1 to"
            + " 2147483647, found -1",
        "mlp_only_layers | [0.5] | mlp_only_layers must be a list of layers, found [0.5]",
        "mlp_only_layers | 1 | mlp_only_layers must be a list of layers, found 1",
        "decoder_sparse_step | 0 | decoder_sparse_step must be a whole number from 1 to 2147483647,"
            + " found 0",
        "norm_topk_prob | 1 | norm_topk_prob must be true or false, found 1",
        "router_aux_loss_coef | -1 | router_aux_loss_coef must be a number above 0, found -1",
        "router_jitter_noise | 0.1 | router_jitter_noise is not known, so that its effect would be"
            + " missing: 0.1",
        "n_shared_experts | 1 | n_shared_experts is not known, so that its effect would be missing:"
            + " 1",
      })
  void whatIsWrongWithExpertsIsNamed(String key, String value, String sentence) throws IOException {
    assertThat(problems(with(QWEN3_30B_A3B, key, value)))
        .singleElement()
        .asString()
        .startsWith(file() + ": " + sentence);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mrope", "su", "proportional", "axial", "Yarn"})
  void scalingsThatAreNotImplemented(String type) throws IOException {
    for (String spelling : List.of("type", "rope_type")) {
      String scaling =
          "{\"%s\": \"%s\", \"factor\": 4.0, \"mscale\": [1.0, null]}".formatted(spelling, type);
      assertThat(problems(with(LLAMA_2_7B, "rope_scaling", scaling)))
          .containsExactly(
              file()
                  + ": rope_scaling.rope_type is '"
                  + type
                  + "', and default, linear, dynamic, yarn, longrope and llama3 are implemented");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"factor\": 2.0} | factor is not known, so that its effect would be missing: 2.0",
        "{\"rope_type\": 5} | rope_type must be text, found 5",
        "{\"rope_type\": \"default\", \"mrope_section\": [16]} | mrope_section is not known, so"
            + " that its effect would be missing: [16]",
        "{\"rope_type\": \"linear\"} | factor must be a number above 0, found nothing",
        "{\"rope_type\": \"linear\", \"factor\": -2} | factor must be a number above 0, found -2",
        "{\"rope_type\": \"linear\", \"factor\": 2, \"beta_fast\": 4} | beta_fast is not known, so"
            + " that its effect would be missing: 4",
        "{\"rope_type\": \"linear\", \"factor\": 2, \"rope_theta\": \"1e4\"} | rope_theta must be a"
            + " number above 0, found \"1e4\"",
        "{\"rope_type\": \"dynamic\", \"factor\": \"2\"} | factor must be a number above 0, found"
            + " \"2\"",
        "{\"type\": \"yarn\", \"factor\": []} | factor must be a number above 0, found []",
        "{\"type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 1.5} |"
            + " original_max_position_embeddings must be a whole number from 1 to 2147483647, found"
            + " 1.5",
        "{\"type\": \"yarn\", \"factor\": 4, \"attention_factor\": -1} | attention_factor must be a"
            + " number above 0, found -1",
        "{\"type\": \"yarn\", \"factor\": 4, \"beta_fast\": \"32\"} | beta_fast must be a number"
            + " above 0, found \"32\"",
        "{\"type\": \"yarn\", \"factor\": 4, \"beta_slow\": 33} | beta_fast must not be below"
            + " beta_slow (33.0), found 32.0",
        "{\"type\": \"yarn\", \"factor\": 4, \"truncate\": 0} | truncate must be true or false,"
            + " found 0",
        "{\"type\": \"yarn\", \"factor\": 4, \"mscale\": \"a\"} | mscale must be a number above 0,"
            + " found \"a\"",
        "{\"type\": \"yarn\", \"factor\": 4, \"llama_4_scaling_beta\": 0.1} | llama_4_scaling_beta"
            + " is not known, so that its effect would be missing: 0.1",
        "{\"type\": \"llama3\", \"factor\": 4, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
            + " \"truncate\": true} | truncate is not known, so that its effect would be missing:"
            + " true",
        "{\"full_attention\": {\"rope_type\": \"default\"}} | full_attention is not known, so that"
            + " its effect would be missing: {\"rope_type\":\"default\"}",
      })
  void scalingsWithMistakes(String scaling, String sentence) throws IOException {
    assertThat(problems(with(LLAMA_2_7B, "rope_scaling", scaling)))
        .containsExactly(file() + ": rope_scaling." + sentence);
    assertThat(problems(with(LLAMA_2_7B, "rope_parameters", scaling)))
        .containsExactly(file() + ": rope_parameters." + sentence);
  }

  @Test
  void longRopesWithMistakes() throws IOException {
    assertThat(
            problems(
                with(
                    LLAMA_2_7B,
                    "rope_scaling",
                    "{\"type\": \"longrope\", \"short_factor\": [1, 2], \"factor\": 4}")))
        .containsExactly(
            file()
                + ": rope_scaling.short_factor must be a list of 64 numbers above 0, found 2"
                + " values: [1,2]",
            file()
                + ": rope_scaling.long_factor must be a list of 64 numbers above 0, found nothing");
    String ones = Collections.nCopies(63, 1).toString();
    assertThat(
            problems(
                with(
                    LLAMA_2_7B,
                    "rope_scaling",
                    """
                    {"type": "longrope", "factor": 4, "short_factor": [0, %s,
                     "long_factor": ["1", %s}
                    """
                        .formatted(ones.substring(1), ones.substring(1)))))
        .satisfiesExactly(
            problem ->
                assertThat(problem)
                    .contains("rope_scaling.short_factor must be a list of 64 numbers above 0")
                    .contains("found 64 values: [0,1,1,1,"),
            problem ->
                assertThat(problem)
                    .contains("rope_scaling.long_factor must be a list of 64 numbers above 0")
                    .contains("found 64 values: [\"1\",1,1,1,"));
  }

  @Test
  void lengthsThatScalingsNeed() throws IOException {
    for (String scaling :
        List.of(
            "{\"type\": \"yarn\"}",
            "{\"type\": \"yarn\", \"factor\": 4}",
            "{\"type\": \"dynamic\", \"factor\": 4}")) {
      String config = without(LLAMA_2_7B, "max_position_embeddings");
      assertThat(problems(with(config, "rope_scaling", scaling)))
          .containsExactly(
              file()
                  + ": max_position_embeddings must be a whole number from 1 to 2147483647, found"
                  + " nothing");
    }
    assertThat(problems(with(LLAMA_2_7B, "max_position_embeddings", "\"4k\"")))
        .containsExactly(
            file()
                + ": max_position_embeddings must be a whole number from 1 to 2147483647, found"
                + " \"4k\"");
    String twice = with(LLAMA_3_1_8B, "original_max_position_embeddings", "4096");
    assertThat(problems(twice))
        .containsExactly(
            file()
                + ": rope_scaling.original_max_position_embeddings is 8192, and that of the model,"
                + " which goes before, is 4096; they must be equal");
  }

  @Test
  void llama3ScalingWithMistakes() throws IOException {
    assertThat(problems(with(LLAMA_3_1_8B, "rope_scaling", "{\"rope_type\": \"llama3\"}")))
        .containsExactly(
            file() + ": rope_scaling.factor must be a number above 0, found nothing",
            file() + ": rope_scaling.low_freq_factor must be a number above 0, found nothing",
            file() + ": rope_scaling.high_freq_factor must be a number above 0, found nothing");
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
    config = with(config, "rope_scaling", "{\"type\": \"mrope\", \"factor\": 4}");
    config = with(config, "quantization_config", "{}");
    config = with(config, "mup_scale", "\"" + "x".repeat(100) + "\"");

    assertThat(problems(config))
        .containsExactly(
            file()
                + ": quantization_config is {}, and quantised weights are neither scanned nor"
                + " trained; use the model as it was before, in bfloat16 or float32",
            file() + ": num_attention_heads must be a whole number from 1 to 2147483647, found 0",
            file() + ": hidden_act is 'relu2', and silu and gelu_pytorch_tanh are implemented",
            file()
                + ": rope_scaling.rope_type is 'mrope', and default, linear, dynamic, yarn,"
                + " longrope and llama3 are implemented",
            file()
                + ": mup_scale is not known, so that its effect would be missing: \""
                + "x".repeat(59)
                + "…");
  }

  /** The key as those have it who publish in these formats. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gptq | {'bits': 4, 'checkpoint_format': 'gptq', 'damp_percent': 0.01, 'desc_act': true, 'group_size': 128, 'quant_method': 'gptq', 'sym': true, 'true_sequential': true}",
        "awq | {'bits': 4, 'group_size': 128, 'modules_to_not_convert': null, 'quant_method': 'awq', 'version': 'gemm', 'zero_point': true}",
        "fp8 | {'activation_scheme': 'dynamic', 'fmt': 'e4m3', 'quant_method': 'fp8', 'weight_block_size': [128, 128]}",
        "compressed-tensors | {'config_groups': {'group_0': {'targets': ['Linear'], 'weights': {'num_bits': 8, 'type': 'float'}}}, 'format': 'float-quantized', 'ignore': ['lm_head'], 'quant_method': 'compressed-tensors', 'quantization_status': 'frozen'}",
        "mxfp4 | {'modules_to_not_convert': ['model.layers.*.self_attn', 'model.layers.*.mlp.router', 'model.embed_tokens', 'lm_head'], 'quant_method': 'mxfp4'}",
        "bitsandbytes | {'_load_in_4bit': true, 'bnb_4bit_compute_dtype': 'bfloat16', 'bnb_4bit_quant_type': 'nf4', 'load_in_4bit': true, 'load_in_8bit': false, 'quant_method': 'bitsandbytes'}",
        "a-new-one | {'quant_method': 'a-new-one'}",
      })
  void quantisedWeightsAreNamedByTheirMethod(String method, String key) throws IOException {
    assertThat(problems(with(LLAMA_3_1_8B, "quantization_config", key.replace('\'', '"'))))
        .singleElement()
        .asString()
        .startsWith(
            file()
                + ": quantization_config.quant_method is \""
                + method
                + "\", and quantised weights are neither scanned nor trained; use the model as it"
                + " was before, in bfloat16 or float32");
  }

  /** gpt-oss and Ministral 3 are published in no other format. */
  @ParameterizedTest
  @CsvSource({"mxfp4, Mxfp4Config", "fp8, FineGrainedFP8Config"})
  void whatMakesPlainWeightsOfThemIsNamed(String method, String by) throws IOException {
    String key = "{\"quant_method\": \"%s\"}".formatted(method);
    assertThat(problems(with(LLAMA_3_1_8B, "quantization_config", key)))
        .singleElement()
        .asString()
        .endsWith(
            ", or convert it to bfloat16 with transformers: LlamaForCausalLM.from_pretrained("
                + "FOLDER, dtype=\"bfloat16\", quantization_config="
                + by
                + "(dequantize=True)).save_pretrained(OTHER), and the tokenizer's files beside it");
  }

  @Test
  void aKeyThatWasLeftBehindIsToBeRemoved() throws IOException {
    String key = "{\"load_in_4bit\": true, \"quant_method\": \"bitsandbytes\"}";
    assertThat(problems(with(LLAMA_3_1_8B, "quantization_config", key)))
        .singleElement()
        .asString()
        .endsWith(", or remove the key if the weights are in one of these already");
  }

  private Path file() {
    return folder.resolve("config.json");
  }

  private List<String> problems(String config) throws IOException {
    Files.writeString(file(), config);
    return problems(folder);
  }

  private static List<String> problems(Path folder) {
    return catchThrowableOfType(
            InputException.class, () -> ConfigReader.readFile(folder.resolve("config.json")))
        .problems()
        .stream()
        .map(Object::toString)
        .toList();
  }
}
