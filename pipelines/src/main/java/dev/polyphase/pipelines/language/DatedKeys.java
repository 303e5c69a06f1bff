package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys that say where a run goes, in which {@code {date}} stands for the day. */
final class DatedKeys {
  private static final List<String> KEYS = List.of("name", "output_dir");

  private static final String DATE = "{date}";

  /** Other words in braces are refused: a folder that is called {@code {day}} is a slip. */
  private static final Pattern BRACES = Pattern.compile("\\{[^{}]*}");

  private DatedKeys() {}

  /** A pipeline with the date in place of {@code {date}}. */
  static Mapping apply(Mapping pipeline, LocalDate date, Problems problems) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(pipeline.entries());
    for (String key : KEYS) {
      entries.computeIfPresent(
          key,
          (name, entry) ->
              new Mapping.Entry(entry.keyPlace(), dated(entry.value(), date, problems)));
    }
    return pipeline.withEntries(entries);
  }

  private static Node dated(Node node, LocalDate date, Problems problems) {
    if (node instanceof Mapping mapping && mapping.entries().keySet().equals(Set.of("date"))) {
      problems.add(
          node.place(),
          node.path() + ": is a mapping, as YAML takes " + DATE + "; put it in quotes");
      return new Scalar(node.place(), node.path(), date.toString(), true);
    }
    if (!(node instanceof Scalar scalar) || !scalar.text().contains("{")) {
      return node;
    }
    Matcher braces = BRACES.matcher(scalar.text());
    while (braces.find()) {
      if (!braces.group().equals(DATE)) {
        problems.add(
            node.place(),
            "%s: holds %s, and only %s stands for something; write that, or no braces"
                .formatted(node.path(), braces.group(), DATE));
      }
    }
    String text = BRACES.matcher(scalar.text()).replaceAll(date.toString());
    return new Scalar(node.place(), node.path(), text, scalar.quoted());
  }
}
