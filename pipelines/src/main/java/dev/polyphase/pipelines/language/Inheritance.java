package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives each phase what {@code defaults} says, and {@code engine} as if it were one of them:
 * mappings merge deeply, lists and scalars replace. What is inherited keeps the place and path
 * where it is written.
 */
final class Inheritance {
  /** Two ways to say one thing: a phase that says it one way does not inherit the other. */
  private static final Map<String, String> RIVALS = rivals();

  private static final String ENGINE = "engine";

  private Inheritance() {}

  private static Map<String, String> rivals() {
    Map<String, String> rivals = new HashMap<>();
    PipelineFile.allKeys()
        .filter(key -> !key.key().rival().isEmpty())
        .forEach(
            key -> {
              rivals.put(key.name(), key.key().rival());
              rivals.put(key.key().rival(), key.name());
            });
    return rivals;
  }

  /** The pipeline, each phase with what it inherits, which stays where it is, too. */
  static Mapping apply(Mapping pipeline) {
    Mapping.Entry phases = pipeline.entries().get("phases");
    Mapping inherited = inherited(pipeline);
    if (phases == null
        || inherited.entries().isEmpty()
        || !(phases.value() instanceof Sequence own)) {
      return pipeline; // nothing to inherit, or problems that the readers report
    }
    List<Node> merged = own.items().stream().map(phase -> merge(inherited, phase)).toList();
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(pipeline.entries());
    entries.put("phases", new Mapping.Entry(phases.keyPlace(), own.withItems(merged)));
    return pipeline.withEntries(entries);
  }

  private static Mapping inherited(Mapping pipeline) {
    Mapping.Entry defaults = pipeline.entries().get("defaults");
    Mapping inherited =
        defaults != null && defaults.value() instanceof Mapping mapping
            ? mapping
            : Mapping.empty(pipeline.place(), "defaults");
    if (!says(pipeline, ENGINE) || says(inherited, ENGINE)) { // not both: a rule refuses that
      return inherited;
    }
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(inherited.entries());
    entries.put(ENGINE, pipeline.entries().get(ENGINE));
    return inherited.withEntries(entries);
  }

  private static Node merge(Node inherited, Node own) {
    if (!(inherited instanceof Mapping from) || !(own instanceof Mapping into)) {
      return own;
    }
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(into.entries());
    from.entries()
        .forEach(
            (key, entry) -> {
              Mapping.Entry ours = entries.get(key);
              if (ours != null) {
                Node both = merge(entry.value(), ours.value());
                entries.put(key, new Mapping.Entry(ours.keyPlace(), both));
              } else if (!says(into, RIVALS.get(key))) {
                entries.put(key, entry);
              }
            });
    return into.withEntries(entries);
  }

  private static boolean says(Mapping mapping, @Nullable String key) {
    Mapping.Entry entry = key == null ? null : mapping.entries().get(key);
    return entry != null && !entry.value().isNull();
  }
}
