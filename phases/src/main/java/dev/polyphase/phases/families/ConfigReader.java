package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.AdapterFolder;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.QuantizedWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads {@code config.json} as transformers does. What it asks for and is not implemented is
 * refused by name: a model that trains with another formula than its own gives wrong numbers.
 */
public final class ConfigReader {
  private static final List<Family> FAMILIES =
      List.of(
          new Llama(),
          new Mistral(),
          new Ministral3(),
          new Qwen2(),
          new Qwen3(),
          new Qwen3Moe(),
          new Mixtral(),
          new GptOss(),
          new SmolLm3(),
          new Gemma2(),
          new Gemma3(),
          new Phi3(),
          new Olmo2(),
          new Olmo3(),
          new Granite());

  /** Models of several parts, of which one is a family's, by its {@code model_type}. */
  private static final List<String> OF_SEVERAL_PARTS =
      List.of("Gemma3ForConditionalGeneration", "Mistral3ForConditionalGeneration");

  private static final String TEXT = "text_config";
  private static final String LOGIT_CAP = "final_logit_softcapping";

  private static final String TYPE = "model_type";

  private ConfigReader() {}

  /**
   * Reads {@code config.json} in a model's folder. Whether its head is tied is decided by its
   * weights too.
   *
   * @throws InputException naming everything that is wrong or not implemented
   */
  public static ModelConfig read(Checkpoint checkpoint) throws IOException {
    ModelConfig config = readFile(checkpoint.folder().resolve("config.json"));
    return config.storedIn(checkpoint);
  }

  /**
   * Reads a configuration of any name, for which there are no weights.
   *
   * @throws InputException naming everything that is wrong or not implemented
   */
  public static ModelConfig readFile(Path file) throws IOException {
    Place place = Place.in(file.toString());
    return read(parse(file, place), place);
  }

  /**
   * Reads a configuration that is in memory.
   *
   * @param place for messages
   * @throws InputException naming everything that is wrong or not implemented
   */
  public static ModelConfig read(JsonNode root, Place place) {
    List<Problem> problems = new ArrayList<>();
    QuantizedWeights.sentence(root).ifPresent(said -> problems.add(new Problem(place, said)));
    ConfigKeys keys = new ConfigKeys(root, "", place, problems);
    ModelConfig config;
    if (OF_SEVERAL_PARTS.contains(onlyArchitecture(root))) {
      // What else is there is of the other parts, which are carried along as they are.
      ConfigKeys text = keys.below(TEXT);
      if (text.has(LOGIT_CAP)) {
        text.problem(LOGIT_CAP, "is not null, which a model of several parts does not heed");
      }
      config = read(textFamily(root, place), text);
    } else {
      config = read(family(root, place), keys);
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return config;
  }

  private static ModelConfig read(Family family, ConfigKeys keys) {
    ModelConfig config = family.read(keys);
    keys.harmless(Set.of(QuantizedWeights.KEY));
    HarmlessKeys.requireNeutral(keys);
    keys.harmless(keys.names().stream().filter(HarmlessKeys::contains).collect(Collectors.toSet()));
    keys.refuseOthers();
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

  /** The one architecture; empty where there are none or several. */
  private static String onlyArchitecture(JsonNode root) {
    JsonNode names = root.path("architectures");
    return names.isArray() && names.size() == 1 ? names.path(0).asText("") : "";
  }

  private static Family textFamily(JsonNode root, Place place) {
    JsonNode type = root.path(TEXT).path(TYPE);
    for (Family family : FAMILIES) {
      if (family.modelType().equals(type.asText(""))) {
        return family;
      }
    }
    throw new InputException(
        place,
        "%s.%s is %s, and these are implemented: %s"
            .formatted(
                TEXT,
                TYPE,
                type.isMissingNode() ? "missing" : JsonFile.shown(type),
                FAMILIES.stream().map(Family::modelType).collect(Collectors.joining(", "))));
  }

  private static Family family(JsonNode root, Place place) {
    JsonNode names = root.path("architectures");
    String only = onlyArchitecture(root);
    for (Family family : FAMILIES) {
      if (family.className().equals(only)) {
        return family;
      }
    }
    for (Family family : FAMILIES) {
      if (only.endsWith(family.className())) {
        throw new InputException(place, behindPrefix(only, family.className()));
      }
    }
    throw new InputException(
        place,
        "architectures is %s%s, and these are implemented: %s"
            .formatted(
                names.isMissingNode() ? "missing" : JsonFile.shown(names),
                root.hasNonNull(TYPE) ? ", of model_type " + JsonFile.shown(root.path(TYPE)) : "",
                Stream.concat(FAMILIES.stream().map(Family::className), OF_SEVERAL_PARTS.stream())
                    .collect(Collectors.joining(", "))));
  }

  /** FSDP and others put a wrapper's name before the class's, and it was saved so. */
  private static String behindPrefix(String name, String known) {
    String prefix = name.substring(0, name.length() - known.length());
    return "architectures is [\"%s\"], and %s is implemented; remove the prefix %s, which a program for training left there"
        .formatted(name, known, prefix);
  }
}
