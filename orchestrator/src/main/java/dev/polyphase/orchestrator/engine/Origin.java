package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.BaseModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * What a model card says of the model that a run began with.
 *
 * @param name its id, its folder's name (a path would tell of the machine), or that it is new
 * @param hubId its id on the hub; the hub refuses a card whose {@code base_model} is none
 * @param licence what its own card says of its licence, by key; empty where that says nothing
 */
record Origin(String name, Optional<String> hubId, Map<String, Object> licence) {
  private static final List<String> LICENCE_KEYS =
      List.of("license", "license_name", "license_link");

  /** YAML between two lines of dashes, at the very beginning. */
  private static final Pattern FRONT_MATTER =
      Pattern.compile("\\A---[ \\t]*\\R(.*?)\\R---[ \\t]*(\\R|\\z)", Pattern.DOTALL);

  /**
   * The origin of a run's models.
   *
   * @param card the card of the model that the latest phase started from, which need not exist: it
   *     names the licence that the base's card named
   */
  static Origin of(RunRequest request, Path card) throws IOException {
    Map<String, Object> licence = licenceIn(card);
    if (!(request.pipeline().baseModel() instanceof BaseModel.Existing existing)) {
      return new Origin("random weights", Optional.empty(), licence);
    }
    Path folder = request.folder().resolve(existing.location());
    return Files.isDirectory(folder)
        ? new Origin(String.valueOf(folder.normalize().getFileName()), Optional.empty(), licence)
        : new Origin(
            existing.location(), ModelFolders.id(existing.location(), request.folder()), licence);
  }

  /** A card that can't be read as one names no licence. */
  private static Map<String, Object> licenceIn(Path card) throws IOException {
    if (!Files.isRegularFile(card)) {
      return Map.of();
    }
    Matcher head =
        FRONT_MATTER.matcher(new String(Files.readAllBytes(card), StandardCharsets.UTF_8));
    if (!head.find()) {
      return Map.of();
    }
    Object keys;
    try {
      keys = new Yaml(new SafeConstructor(new LoaderOptions())).load(head.group(1));
    } catch (YAMLException e) {
      return Map.of();
    }
    Map<String, Object> licence = new LinkedHashMap<>();
    for (String key : LICENCE_KEYS) {
      @Nullable Object value = keys instanceof Map<?, ?> all ? all.get(key) : null;
      if (value != null && isText(value)) {
        licence.put(key, value);
      }
    }
    return licence;
  }

  /** A text, or several: some models have more than one licence. */
  private static boolean isText(Object value) {
    return value instanceof String
        || (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance));
  }
}
