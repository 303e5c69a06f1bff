package dev.polyphase.orchestrator.trackers;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineWriter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Settings as an MLflow server takes them: {@code datasets.0.path} for {@code datasets[0].path}.
 *
 * @param byKey the settings, none of them too long for it
 */
record TrackedSettings(SortedMap<String, String> byKey) {
  /** Every version of MLflow takes values of so many characters. */
  private static final int LONGEST_VALUE = 500;

  private static final int LONGEST_KEY = 250;
  private static final String PHASES = "phases";
  private static final Pattern INDEX = Pattern.compile("\\[([0-9]+)]");
  private static final Pattern OTHER = Pattern.compile("[^A-Za-z0-9_. -]");
  private static final Pattern ONLY_DOTS = Pattern.compile("\\.*");

  /** Those of the run as a whole. */
  static TrackedSettings ofRun(Pipeline pipeline) {
    SortedMap<String, String> settings = PipelineWriter.settings(pipeline);
    settings.keySet().removeIf(key -> key.startsWith(PHASES + "["));
    return of(settings);
  }

  /** Those of a phase. */
  static TrackedSettings ofPhase(Pipeline pipeline, int index) {
    String prefix = PHASES + "[" + index + "].";
    SortedMap<String, String> settings = new TreeMap<>();
    PipelineWriter.settings(pipeline)
        .forEach(
            (key, value) -> {
              if (key.startsWith(prefix)) {
                settings.put(key.substring(prefix.length()), value);
              }
            });
    return of(settings);
  }

  private static TrackedSettings of(SortedMap<String, String> settings) {
    SortedMap<String, String> tracked = new TreeMap<>();
    settings.forEach(
        (key, value) ->
            tracked.put(
                key(INDEX.matcher(key).replaceAll(".$1")),
                value.substring(0, Math.min(value.length(), LONGEST_VALUE))));
    return new TrackedSettings(tracked);
  }

  /** A name that the server takes, which are those that are paths too and lead nowhere else. */
  static String key(String name) {
    String key =
        Pattern.compile("/")
            .splitAsStream(name)
            .map(part -> OTHER.matcher(part).replaceAll("_"))
            .map(part -> ONLY_DOTS.matcher(part).matches() ? "_" : part)
            .collect(Collectors.joining("/"));
    return key.substring(0, Math.min(key.length(), LONGEST_KEY));
  }

  List<Map.Entry<String, String>> entries() {
    return new ArrayList<>(byKey.entrySet());
  }

  /** The same for the same settings. */
  String digest() {
    try {
      byte[] text = byKey.toString().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
