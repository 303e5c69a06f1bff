package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The key names of other trainers that are accepted beside our own. */
final class Spellings {
  static final Map<String, String> OF_PIPELINE = Map.of("model_name_or_path", "base_model");

  static final Map<String, String> OF_PHASE =
      Map.of(
          "num_train_epochs", "num_epochs",
          "per_device_train_batch_size", "micro_batch_size",
          "max_length", "sequence_len",
          "max_seq_length", "sequence_len",
          "lr_scheduler_type", "lr_scheduler",
          "optim", "optimizer",
          "packing", "sample_packing");

  private Spellings() {}

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
    Map<String, String> others = mapping.path().isEmpty() ? OF_PIPELINE : OF_PHASE;
    String ours = others.getOrDefault(key, key);
    return mapping.entries().keySet().stream()
        .filter(held -> others.getOrDefault(held, held).equals(ours))
        .findFirst();
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
    return phase instanceof Mapping mapping ? unify(mapping, OF_PHASE, problems) : phase;
  }

  private static Mapping unify(Mapping mapping, Map<String, String> others, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(
            (key, entry) -> {
              Mapping.Entry first = entries.putIfAbsent(others.getOrDefault(key, key), entry);
              if (first != null) {
                problems.add(
                    entry.keyPlace(),
                    "%s: means the same as %s; remove one of them"
                        .formatted(entry.value().path(), first.value().path()));
              }
            });
    return mapping.withEntries(entries);
  }
}
