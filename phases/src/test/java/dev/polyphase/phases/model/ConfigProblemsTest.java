package dev.polyphase.phases.model;

import static dev.polyphase.phases.model.PublishedConfigs.LLAMA_2_7B;
import static dev.polyphase.phases.model.PublishedConfigs.LLAMA_3_1_8B;
import static dev.polyphase.phases.model.PublishedConfigs.MISTRAL_7B_V0_1;
import static dev.polyphase.phases.model.PublishedConfigs.MISTRAL_NEMO;
import static dev.polyphase.phases.model.PublishedConfigs.NEWER_SPELLING;
import static dev.polyphase.phases.model.PublishedConfigs.QWEN2_5_7B;
import static dev.polyphase.phases.model.PublishedConfigs.with;
import static dev.polyphase.phases.model.PublishedConfigs.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
                + ", and these are implemented: LlamaForCausalLM, MistralForCausalLM,"
                + " Qwen2ForCausalLM, Qwen3ForCausalLM");
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
        "partial_rotary_factor | 0.5 | partial_rotary_factor is 0.5, and only 1.0 is implemented",
        "partial_rotary_factor | \"1.0\" | partial_rotary_factor is \"1.0\", and only 1.0 is implemented",
        "rope_scaling | {\"rope_type\":\"default\",\"partial_rotary_factor\":0.25} | rope_scaling.partial_rotary_factor is 0.25, and only 1.0 is implemented",
        "transformers_weights | \"other.safetensors\" | transformers_weights is not known, so that its effect would be missing: \"other.safetensors\"",
        "is_causal | false | is_causal is false, and only true is implemented",
        "add_cross_attention | true | add_cross_attention is true, and only false is implemented",
        "pruned_heads | {\"1\":[0]} | pruned_heads is {\"1\":[0]}, and only {} is implemented",
        "loss_type | \"ForMaskedLM\" | loss_type is \"ForMaskedLM\", and only \"ForCausalLM\" is implemented",
        "use_sliding_window | true | use_sliding_window is true, which this architecture does not have",
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
