package dev.polyphase.orchestrator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prometheus's text format, read as its documentation describes it, and strictly.
 *
 * @param families by their names
 */
record Exposition(Map<String, Family> families) {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\\n]|\\\\[\"\\\\n])*)\",?");

  /**
   * A metric.
   *
   * @param samples values by the name of the series and its labels
   * @param labels their names
   */
  record Family(String type, String help, Map<String, Double> samples, Set<String> labels) {}

  static Exposition of(String text) {
    Map<String, Family> families = new TreeMap<>();
    String name = "";
    String help = "";
    assertThat(text).endsWith("\n");
    for (String line : text.split("\n", -1)) {
      if (line.startsWith("# HELP ")) {
        name = line.split(" ", 4)[2];
        help = line.split(" ", 4)[3];
      } else if (line.startsWith("# TYPE ")) {
        assertThat(line.split(" ", 4)[2]).isEqualTo(name);
        Family family =
            new Family(line.split(" ", 4)[3], help, new LinkedHashMap<>(), new TreeSet<>());
        assertThat(families.put(name, family)).as("two of %s", name).isNull();
      } else if (!line.isEmpty()) {
        add(families.get(name), name, line);
      }
    }
    return new Exposition(families);
  }

  private static void add(Family family, String name, String line) {
    Matcher sample = SAMPLE.matcher(line);
    assertThat(sample.matches()).as(line).isTrue();
    assertThat(sample.group(1)).startsWith(name);
    StringBuilder labels = new StringBuilder();
    if (sample.group(2) != null) {
      Matcher label = LABEL.matcher(sample.group(2));
      int end = 0;
      while (label.find()) {
        assertThat(label.start()).as(line).isEqualTo(end);
        end = label.end();
        family.labels.add(label.group(1));
        labels.append(' ').append(label.group(1)).append('=').append(label.group(2));
      }
      assertThat(end).as(line).isEqualTo(sample.group(2).length());
    }
    String series = sample.group(1) + labels;
    double value = sample.group(3).equals("NaN") ? Double.NaN : Double.parseDouble(sample.group(3));
    assertThat(family.samples.put(series, value)).as("two of %s", series).isNull();
  }

  /** The values of what is ours, by the name of the series and its labels. */
  Map<String, Double> ours() {
    Map<String, Double> ours = new TreeMap<>();
    families.forEach(
        (name, family) -> {
          if (name.startsWith("polyphase_")) {
            ours.putAll(family.samples);
          }
        });
    return ours;
  }
}
