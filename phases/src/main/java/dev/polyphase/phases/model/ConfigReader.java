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
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Reads {@code config.json} as transformers does. What it asks for and is not implemented is
 * refused by name: a model that trains with another formula than its own gives wrong numbers.
 */
public final class ConfigReader {
  private static final List<Family> FAMILIES =
      List.of(new Llama(), new Mistral(), new Qwen2(), new Qwen3());

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
    ModelConfig config = family(root, place).read(keys);
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

  private static Family family(JsonNode root, Place place) {
    JsonNode names = root.path("architectures");
    String name = names.path(0).asText("");
    String only = names.isArray() && names.size() == 1 ? name : "";
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
        "architectures is %s, and these are implemented: %s"
            .formatted(
                names.isMissingNode() ? "missing" : JsonFile.shown(names),
                FAMILIES.stream().map(Family::className).collect(Collectors.joining(", "))));
  }

  /** FSDP and others put a wrapper's name before the class's, and it was saved so. */
  private static String behindPrefix(String name, String known) {
    String prefix = name.substring(0, name.length() - known.length());
    return "architectures is [\"%s\"], and %s is implemented; remove the prefix %s, which a program for training left there"
        .formatted(name, known, prefix);
  }
}
