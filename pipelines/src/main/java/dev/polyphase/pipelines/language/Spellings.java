package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The key names of other trainers that are accepted beside our own. */
final class Spellings {
  static final Map<String, String> OF_PIPELINE = spellings(PipelineFile.SHAPE.keys(), "");

  static final Map<String, String> OF_PHASE = spellings(Shape.of(Phase.class).keys(), "");

  /** Axolotl's keys of a phase that belong into its {@code adapter}. */
  static final Map<String, String> OF_ADAPTER = spellings(Shape.of(Adapter.class).keys(), "../");

  static final Map<String, String> OF_DATASET = spellings(Shape.of(Dataset.class).keys(), "");

  private static final String ADAPTER = "adapter";

  /** The keys of a phase that hold lists of datasets. */
  private static final Set<String> DATASETS = Set.of("datasets", "eval_datasets");

  private Spellings() {}

  private static Map<String, String> spellings(List<DeclaredKey<?>> keys, String prefix) {
    Map<String, String> spellings = new LinkedHashMap<>();
    for (DeclaredKey<?> key : keys) {
      for (String other : key.key().also()) {
        spellings.put(other.substring(prefix.length()), key.name());
      }
    }
    return spellings;
  }

  /** The pipeline with our own names for all keys; two names of one key are a problem. */
  static Mapping unify(Mapping pipeline, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
    unify(pipeline, OF_PIPELINE, problems)
        .entries()
        .forEach(
            (key, entry) -> {
              Node value =
                  switch (key) {
                    case "defaults" -> unifyPhase(entry.value(), problems);
                    case "phases" -> unifyPhases(entry.value(), problems);
                    default -> entry.value();
                  };
              entries.put(key, new Mapping.Entry(entry.keyPlace(), value));
            });
    return pipeline.withEntries(entries);
  }

  /** The name under which a mapping holds a key, which may be another spelling of it. */
  static Optional<String> held(Mapping mapping, String key) {
    Map<String, String> others = othersOf(mapping);
    String ours = others.getOrDefault(key, key);
    return mapping.entries().keySet().stream()
        .filter(held -> others.getOrDefault(held, held).equals(ours))
        .findFirst();
  }

  private static Map<String, String> othersOf(Mapping mapping) {
    if (mapping.path().isEmpty()) {
      return OF_PIPELINE;
    }
    boolean dataset =
        DATASETS.stream().anyMatch(key -> mapping.path().matches(".*\\." + key + "\\[[0-9]+]"));
    return dataset ? OF_DATASET : OF_PHASE;
  }

  private static Node unifyPhases(Node phases, Problems problems) {
    if (phases instanceof Sequence sequence) {
      List<Node> items =
          sequence.items().stream().map(phase -> unifyPhase(phase, problems)).toList();
      return sequence.withItems(items);
    }
    return phases;
  }

  private static Node unifyPhase(Node phase, Problems problems) {
    return phase instanceof Mapping mapping
        ? withAdapter(withDatasets(unify(mapping, OF_PHASE, problems), problems), problems)
        : phase;
  }

  private static Mapping withDatasets(Mapping phase, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(phase.entries());
    for (String key : DATASETS) {
      Mapping.Entry entry = entries.get(key);
      if (entry != null && entry.value() instanceof Sequence list) {
        List<Node> items =
            list.items().stream().map(dataset -> unifyDataset(dataset, problems)).toList();
        entries.put(key, new Mapping.Entry(entry.keyPlace(), list.withItems(items)));
      }
    }
    return phase.withEntries(entries);
  }

  private static Node unifyDataset(Node dataset, Problems problems) {
    return dataset instanceof Mapping mapping ? unify(mapping, OF_DATASET, problems) : dataset;
  }

  /** {@code adapter: lora} and {@code lora_r: 8} are {@code adapter: {type: lora, r: 8}}. */
  private static Mapping withAdapter(Mapping phase, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(phase.entries());
    Map<String, Mapping.Entry> flat = new LinkedHashMap<>();
    OF_ADAPTER.forEach(
        (other, key) -> {
          Mapping.Entry entry = entries.remove(other);
          if (entry != null) {
            flat.put(key, entry);
          }
        });
    Mapping.Entry written = entries.get(ADAPTER);
    if (written == null ? flat.isEmpty() : written.value().isNull()) {
      return phase.withEntries(
          entries); // as with Axolotl, without an adapter the others say nothing
    }
    Map<String, Mapping.Entry> within = new LinkedHashMap<>();
    Mapping.Entry first = written == null ? flat.values().iterator().next() : written;
    if (written != null && written.value() instanceof Mapping own) {
      within.putAll(own.entries());
    } else if (written != null) {
      within.put("type", written);
    }
    flat.forEach(
        (key, entry) -> {
          Mapping.Entry own = within.putIfAbsent(key, entry);
          if (own != null) {
            refuseSecondName(own, entry, problems);
          }
        });
    Mapping adapter =
        Mapping.empty(first.keyPlace(), Mapping.pathOf(phase.path(), ADAPTER)).withEntries(within);
    entries.put(ADAPTER, new Mapping.Entry(first.keyPlace(), adapter));
    return phase.withEntries(entries);
  }

  private static Mapping unify(Mapping mapping, Map<String, String> others, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(
            (key, entry) -> {
              Mapping.Entry first = entries.putIfAbsent(others.getOrDefault(key, key), entry);
              if (first != null) {
                refuseSecondName(first, entry, problems);
              }
            });
    return mapping.withEntries(entries);
  }

  private static void refuseSecondName(
      Mapping.Entry first, Mapping.Entry second, Problems problems) {
    problems.add(
        second.keyPlace(),
        "%s: means the same as %s; remove one of them"
            .formatted(second.value().path(), first.value().path()));
  }
}
