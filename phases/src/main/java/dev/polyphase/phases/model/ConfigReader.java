package dev.polyphase.phases.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.AdapterFolder;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads {@code config.json} as transformers does. What it asks for and is not implemented is
 * refused by name: a model that trains with another formula than its own gives wrong numbers.
 */
public final class ConfigReader {
  /** More than any model has, and few enough to make a list of. */
  private static final int MOST_LAYERS = 10_000;

  /** Where the key is not there; null, which all published Mistrals without one have, is none. */
  private static final int DEFAULT_WINDOW = 4096;

  private ConfigReader() {}

  /**
   * Reads {@code config.json} in a model's folder. Whether its head is tied is decided by its
   * weights too.
   *
   * @throws InputException naming everything that is wrong or not implemented
   */
  public static ModelConfig read(Checkpoint checkpoint) throws IOException {
    ModelConfig config = readFile(checkpoint.folder().resolve("config.json"));
    return config.withHead(HeadTie.of(checkpoint));
  }

  /**
   * Reads a configuration of any name, for which there are no weights.
   *
   * @throws InputException naming everything that is wrong or not implemented
   */
  public static ModelConfig readFile(Path file) throws IOException {
    Place place = Place.in(file.toString());
    JsonNode root = parse(file, place);
    List<Problem> problems = new ArrayList<>();
    ConfigKeys keys = new ConfigKeys(root, "", place, problems);
    Architecture architecture = architecture(root, place);
    ModelConfig config = read(file, architecture, keys);
    HarmlessKeys.requireNeutral(keys);
    keys.harmless(keys.names().stream().filter(HarmlessKeys::contains).collect(Collectors.toSet()));
    keys.refuseOthers();
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return config;
  }

  private static JsonNode parse(Path file, Place place) throws IOException {
    if (!InputFile.isThere(file)) {
      Path folder = file.toAbsolutePath().getParent();
      Optional<String> adapter = folder == null ? Optional.empty() : AdapterFolder.sentence(folder);
      throw new InputException(
          place, adapter.orElse("is missing: a model's folder needs its config.json"));
    }
    return JsonFile.object(file);
  }

  private static Architecture architecture(JsonNode root, Place place) {
    JsonNode names = root.path("architectures");
    String name = names.path(0).asText("");
    String only = names.isArray() && names.size() == 1 ? name : "";
    return Architecture.named(only)
        .orElseThrow(
            () ->
                new InputException(
                    place,
                    Architecture.behindPrefix(only)
                        .map(known -> behindPrefix(only, known))
                        .orElseGet(
                            () ->
                                "architectures is %s, and these are implemented: %s"
                                    .formatted(
                                        names.isMissingNode() ? "missing" : JsonFile.shown(names),
                                        Architecture.names()))));
  }

  /** FSDP and others put a wrapper's name before the class's, and it was saved so. */
  private static String behindPrefix(String name, Architecture known) {
    String prefix = name.substring(0, name.length() - known.className().length());
    return "architectures is [\"%s\"], and %s is implemented; remove the prefix %s, which a program for training left there"
        .formatted(name, known.className(), prefix);
  }

  private static ModelConfig read(Path file, Architecture architecture, ConfigKeys keys) {
    int hiddenSize = keys.positive("hidden_size");
    int numHeads = keys.positive("num_attention_heads");
    int numKeyValueHeads = keys.positiveOr(numHeads, "num_key_value_heads");
    int numLayers = keys.positiveUpTo(MOST_LAYERS, "num_hidden_layers");
    int headDim = headDim(architecture, keys, hiddenSize, numHeads);
    if (keys.sound("num_attention_heads", "num_key_value_heads")
        && numHeads % numKeyValueHeads != 0) {
      keys.problem(
          "num_key_value_heads",
          "must divide num_attention_heads (%d), found %d".formatted(numHeads, numKeyValueHeads));
    }
    refuseUnimplemented(keys);
    boolean attentionBias =
        biasFlag(
            keys,
            "attention_bias",
            architecture == Architecture.LLAMA || architecture == Architecture.QWEN3);
    return new ModelConfig(
        file,
        architecture,
        hiddenSize,
        keys.positive("intermediate_size"),
        numLayers,
        numHeads,
        numKeyValueHeads,
        headDim,
        keys.positive("vocab_size"),
        keys.number("rms_norm_eps", 1e-6),
        rope(keys),
        windows(architecture, keys, numLayers),
        attentionBias || architecture == Architecture.QWEN2,
        attentionBias,
        biasFlag(keys, "mlp_bias", architecture == Architecture.LLAMA),
        architecture == Architecture.QWEN3,
        keys.flag(HeadTie.KEY, false) ? HeadTie.TIED : HeadTie.UNTIED);
  }

  private static int headDim(
      Architecture architecture, ConfigKeys keys, int hiddenSize, int numHeads) {
    int headDim;
    if (keys.has("head_dim")) {
      headDim = keys.positive("head_dim");
    } else if (architecture == Architecture.QWEN3) {
      headDim = 128; // transformers' default for Qwen3, whatever the hidden size
    } else {
      if (keys.sound("hidden_size", "num_attention_heads") && hiddenSize % numHeads != 0) {
        keys.problem(
            "num_attention_heads",
            "must divide hidden_size (%d), found %d".formatted(hiddenSize, numHeads));
      }
      headDim = hiddenSize / numHeads;
    }
    if (keys.sound("hidden_size", "num_attention_heads", "head_dim") && headDim % 2 != 0) {
      keys.problem("head_dim", "must be even for rotary positions, found " + headDim);
    }
    return headDim;
  }

  private static boolean biasFlag(ConfigKeys keys, String key, boolean known) {
    boolean bias = keys.flag(key, false);
    if (bias && !known) {
      keys.problem(key, "is true, which this architecture does not have");
    }
    return bias;
  }

  private static void refuseUnimplemented(ConfigKeys keys) {
    String activation = keys.text("hidden_act", "silu");
    if (!activation.equals("silu")) {
      keys.problem("hidden_act", "is '" + activation + "', and only silu is implemented");
    }
    for (String key : List.of("attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop")) {
      if (keys.has(key) && keys.get(key).asDouble(1) != 0) {
        keys.problem(key, "is " + keys.get(key) + ", and dropout is not implemented; set it to 0");
      }
    }
    if (keys.flag("use_mrope", false)) {
      keys.problem("use_mrope", "is true, and multimodal positions are not implemented");
    }
    if (keys.flag("rope_interleaved", false)) {
      keys.problem("rope_interleaved", "is true, and only half-split heads are implemented");
    }
  }

  private static Rope rope(ConfigKeys keys) {
    boolean newSpelling = keys.has("rope_parameters");
    if (newSpelling
        && keys.has("rope_scaling")
        && !keys.get("rope_scaling").equals(keys.get("rope_parameters"))) {
      keys.problem("rope_scaling", "differs from rope_parameters; keep one of the two");
    }
    ConfigKeys scaling = keys.below(newSpelling ? "rope_parameters" : "rope_scaling");
    double theta =
        newSpelling && scaling.has("rope_theta")
            ? scaling.number("rope_theta")
            : keys.number("rope_theta", 10000);
    keys.harmless(Set.of("rope_theta"));
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    Rope rope =
        switch (type) {
          case "default" -> new Rope(theta, new Rope.Scaling.None());
          case "llama3" -> new Rope(theta, llama3(scaling));
          default -> {
            scaling.problem(
                "rope_type", "is '" + type + "', and default and llama3 are implemented");
            scaling.harmless(scaling.names());
            yield new Rope(theta, new Rope.Scaling.None());
          }
        };
    scaling.harmless(Set.of("type", "rope_type", "rope_theta"));
    HarmlessKeys.requireNeutral(scaling);
    scaling.refuseOthers();
    return rope;
  }

  private static Rope.Scaling llama3(ConfigKeys keys) {
    Rope.Scaling.Llama3 scaling =
        new Rope.Scaling.Llama3(
            keys.number("factor"),
            keys.number("low_freq_factor"),
            keys.number("high_freq_factor"),
            keys.positive("original_max_position_embeddings"));
    if (keys.sound("low_freq_factor", "high_freq_factor")
        && scaling.lowFreqFactor() >= scaling.highFreqFactor()) {
      keys.problem(
          "high_freq_factor",
          "must be above low_freq_factor (%s), found %s"
              .formatted(scaling.lowFreqFactor(), scaling.highFreqFactor()));
    }
    return scaling;
  }

  /** Mistral slides in every layer; Qwen only where asked, from a layer on. */
  private static List<Integer> windows(Architecture architecture, ConfigKeys keys, int numLayers) {
    boolean noDefault =
        architecture == Architecture.LLAMA || keys.names().contains("sliding_window");
    int window = keys.positiveOr(noDefault ? 0 : DEFAULT_WINDOW, "sliding_window");
    boolean asked =
        switch (architecture) {
          case LLAMA -> false;
          case MISTRAL -> true;
          case QWEN2, QWEN3 -> keys.flag("use_sliding_window", false);
        };
    if (architecture == Architecture.LLAMA && keys.flag("use_sliding_window", false)) {
      keys.problem("use_sliding_window", "is true, which this architecture does not have");
    }
    if (architecture == Architecture.LLAMA && window > 0) {
      keys.problem("sliding_window", "is not implemented for this architecture");
    }
    int firstSliding =
        architecture == Architecture.MISTRAL ? 0 : keys.wholeNumberOr(28, "max_window_layers");
    if (!keys.has("layer_types")) {
      List<Integer> windows = new ArrayList<>(Collections.nCopies(numLayers, 0));
      for (int layer = firstSliding; asked && layer < numLayers; layer++) {
        windows.set(layer, window);
      }
      return windows;
    }
    return windowsByType(keys, numLayers, asked ? window : 0);
  }

  private static List<Integer> windowsByType(ConfigKeys keys, int numLayers, int window) {
    List<Integer> windows = new ArrayList<>();
    for (JsonNode type : keys.get("layer_types")) {
      switch (type.asText()) {
        case "full_attention" -> windows.add(0);
        case "sliding_attention" -> {
          if (window == 0) {
            keys.problem(
                "layer_types", "asks for sliding_attention, but no sliding window is in use");
          }
          windows.add(window);
        }
        default -> {
          keys.problem("layer_types", "has " + type + ", which is not implemented");
          windows.add(0);
        }
      }
    }
    if (keys.sound("num_hidden_layers") && windows.size() != numLayers) {
      keys.problem(
          "layer_types",
          "must have one entry a layer (%d), found %d".formatted(numLayers, windows.size()));
    }
    return windows;
  }
}
