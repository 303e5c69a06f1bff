package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineWriter;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline's settings by key, as a user would write them: to say which of them changed since a
 * phase was trained.
 *
 * @param shared those that every phase's weights depend on
 * @param phases those of each phase, keys as {@code targeting.top_percent}
 */
record Settings(Map<String, String> shared, List<Map<String, String>> phases) {
  // Where a run lies and what it runs on may change between two starts; its numbers may not.
  private static final Set<String> SHARED =
      Set.of(
          "base_model",
          "special_tokens",
          "tokens",
          "pad_embeddings_to_multiple_of",
          "seed",
          "dtype",
          "save_dtype",
          "save_rounding");

  /** What earlier versions did, which did not know these keys. */
  private static final Map<String, String> BEFORE_THERE_WAS =
      Map.of(
          "save_rounding", "nearest",
          "mix_by", "passes",
          "deduplicate", "false",
          "max_bad_ratio", "0.01",
          "strict", "false");

  /**
   * A setting that is not what it was.
   *
   * @param key as a user would write it
   * @param then what it was, or null
   * @param now what it is, or null
   */
  record Change(String key, @Nullable String then, @Nullable String now) {

    /** The key without what follows it, {@code lr_scheduler_kwargs} for all of those. */
    String head() {
      return key.split("[.\\[]", 2)[0];
    }

    static String text(@Nullable String value) {
      return value == null ? "not set" : value;
    }
  }

  /** What differs between two lists of settings, by key. */
  static List<Change> changes(Map<String, String> then, Map<String, String> now) {
    SortedSet<String> keys = new TreeSet<>(then.keySet());
    keys.addAll(now.keySet());
    return keys.stream()
        .map(
            key -> new Change(key, then.getOrDefault(key, BEFORE_THERE_WAS.get(key)), now.get(key)))
        .filter(change -> !same(change.then, change.now))
        .toList();
  }

  /** Numbers are the same however they are written. */
  private static boolean same(@Nullable String before, @Nullable String after) {
    if (before == null || after == null) {
      return Objects.equals(before, after);
    }
    try {
      return before.equals(after) || new BigDecimal(before).compareTo(new BigDecimal(after)) == 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  static Settings of(Pipeline pipeline) {
    SortedMap<String, String> all = PipelineWriter.settings(pipeline);
    Map<String, String> shared =
        all.entrySet().stream()
            .filter(setting -> SHARED.contains(setting.getKey().split("[.\\[]", 2)[0]))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    List<Map<String, String>> phases =
        IntStream.range(0, pipeline.phases().size())
            .mapToObj(index -> below("phases[" + index + "].", all))
            .toList();
    return new Settings(shared, phases);
  }

  private static Map<String, String> below(String prefix, Map<String, String> all) {
    return all.entrySet().stream()
        .filter(setting -> setting.getKey().startsWith(prefix))
        .collect(
            Collectors.toMap(
                setting -> setting.getKey().substring(prefix.length()), Map.Entry::getValue));
  }
}
