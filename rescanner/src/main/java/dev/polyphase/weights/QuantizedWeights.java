package dev.polyphase.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Quantised weights: numbers of few bits, packed or not, whose scales are tensors beside them. What
 * lies in such a tensor is not the weight, so that it is neither scanned nor trained.
 */
public final class QuantizedWeights {
  /** The key of {@code config.json} that says how weights were quantised. */
  public static final String KEY = "quantization_config";

  private static final String METHOD = "quant_method";

  private static final Set<ElementType> PACKED =
      EnumSet.of(
          ElementType.I32,
          ElementType.I8,
          ElementType.U8,
          ElementType.F8_E4M3,
          ElementType.F8_E5M2);

  private static final String INSTEAD =
      "quantised weights are neither scanned nor trained; use the model as it was before, in bfloat16 or float32";

  /**
   * The methods in which models are published that have no other weights, and what of transformers
   * makes plain ones of them.
   */
  private static final Map<String, String> DEQUANTIZED_BY =
      Map.of("mxfp4", "Mxfp4Config", "fp8", "FineGrainedFP8Config");

  private QuantizedWeights() {}

  /** Whether a tensor has a type that quantised weights are kept in. */
  public static boolean isPacked(TensorInfo tensor) {
    return PACKED.contains(tensor.type());
  }

  /** What to say of a configuration that asks for quantised weights. */
  public static Optional<String> sentence(JsonNode config) {
    for (String part : List.of("", "text_config.")) {
      JsonNode object = part.isEmpty() ? config : config.path("text_config");
      if (object.hasNonNull(KEY)) {
        return Optional.of(ofKey(part + KEY, object.get(KEY), config));
      }
    }
    return Optional.empty();
  }

  /**
   * The same of some of a checkpoint's tensors, in which no configuration need have a part.
   *
   * @return empty where none of them is quantised
   */
  public static Optional<String> sentence(List<TensorInfo> tensors) {
    List<String> packed =
        tensors.stream()
            .filter(QuantizedWeights::isPacked)
            .map(tensor -> tensor.name() + " (" + tensor.type() + ")")
            .toList();
    return packed.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "the model has tensors of the dtypes of quantised weights, as %s, and %s"
                .formatted(Some.of(packed, "tensors"), INSTEAD));
  }

  /** The problem of a checkpoint that has quantised weights, whichever of the two says so. */
  public static Optional<Problem> in(Checkpoint checkpoint) throws IOException {
    Path config = checkpoint.folder().resolve("config.json");
    Optional<Problem> said =
        InputFile.isThere(config)
            ? sentence(JsonFile.read(config)).map(sentence -> problem(config, sentence))
            : Optional.empty();
    return said.isPresent()
        ? said
        : sentence(checkpoint.tensors()).map(sentence -> problem(checkpoint.folder(), sentence));
  }

  private static Problem problem(Path place, String sentence) {
    return new Problem(Place.in(place.toString()), sentence);
  }

  private static String ofKey(String key, JsonNode value, JsonNode config) {
    String method = value.path(METHOD).asText("");
    String said =
        method.isEmpty()
            ? key + " is " + JsonFile.shown(value)
            : "%s.%s is %s".formatted(key, METHOD, JsonFile.shown(value.path(METHOD)));
    return "%s, and %s%s".formatted(said, INSTEAD, besides(method, config));
  }

  /** What else can be done about a method. */
  private static String besides(String method, JsonNode config) {
    String by = DEQUANTIZED_BY.get(method);
    if (by != null) {
      return converted(by, config);
    }
    // What quantised a base for an adapter is often left in the configuration of the merged model.
    return method.equals("bitsandbytes")
        ? ", or remove the key if the weights are in one of these already"
        : "";
  }

  private static String converted(String by, JsonNode config) {
    String model = config.path("architectures").path(0).asText("AutoModelForCausalLM");
    return (", or convert it to bfloat16 with transformers: %s.from_pretrained(FOLDER,"
            + " dtype=\"bfloat16\", quantization_config=%s(dequantize=True))"
            + ".save_pretrained(OTHER), and the tokenizer's files beside it")
        .formatted(model, by);
  }
}
