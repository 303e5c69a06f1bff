package dev.polyphase.phases.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Typed access to a configuration's keys that collects what is wrong and remembers which keys were
 * asked for, so that the others can be named.
 */
final class ConfigKeys {
  private final JsonNode node;
  private final String prefix;
  private final Place place;
  private final List<Problem> problems;
  private final Set<String> read = new HashSet<>();

  ConfigKeys(JsonNode node, String prefix, Place place, List<Problem> problems) {
    this.node = node;
    this.prefix = prefix;
    this.place = place;
    this.problems = problems;
  }

  boolean has(String key) {
    return node.hasNonNull(key);
  }

  Set<String> names() {
    Set<String> names = new HashSet<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  JsonNode get(String key) {
    read.add(key);
    return node.path(key);
  }

  /** A mapping below a key. */
  ConfigKeys below(String key) {
    return new ConfigKeys(get(key), prefix + key + ".", place, problems);
  }

  /** A whole number of at least 1; what is wrong is noted and 1 returned. */
  int positive(String key) {
    return wholeNumber(key, 1);
  }

  int wholeNumber(String key, int least, int otherwise) {
    return has(key) ? wholeNumber(key, least) : note(key, otherwise);
  }

  private int wholeNumber(String key, int least) {
    JsonNode value = get(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least) {
      problem(
          key, "must be a whole number of at least %d, found %s".formatted(least, shown(value)));
      return Math.max(1, least);
    }
    return value.intValue();
  }

  double number(String key) {
    JsonNode value = get(key);
    if (!value.isNumber() || !(value.doubleValue() > 0) || Double.isInfinite(value.doubleValue())) {
      problem(key, "must be a number above 0, found " + shown(value));
      return 1;
    }
    return value.doubleValue();
  }

  double number(String key, double otherwise) {
    return has(key) ? number(key) : note(key, otherwise);
  }

  boolean flag(String key, boolean otherwise) {
    if (!has(key)) {
      return note(key, otherwise);
    }
    JsonNode value = get(key);
    if (!value.isBoolean()) {
      problem(key, "must be true or false, found " + shown(value));
      return otherwise;
    }
    return value.booleanValue();
  }

  String text(String key, String otherwise) {
    if (!has(key)) {
      return note(key, otherwise);
    }
    JsonNode value = get(key);
    if (!value.isTextual()) {
      problem(key, "must be text, found " + shown(value));
      return otherwise;
    }
    return value.textValue();
  }

  /** Keys that may be there and change nothing in training. */
  void harmless(Set<String> keys) {
    read.addAll(keys);
  }

  /** Notes every key that nobody asked for. */
  void refuseOthers() {
    for (String key : new TreeSet<>(names())) {
      if (!read.contains(key)) {
        problem(key, "is not known, so that its effect would be missing: " + shown(get(key)));
      }
    }
  }

  void problem(String key, String sentence) {
    problems.add(new Problem(place, prefix + key + " " + sentence));
  }

  private <T> T note(String key, T otherwise) {
    read.add(key);
    return otherwise;
  }

  private static String shown(JsonNode value) {
    if (value.isMissingNode()) {
      return "nothing";
    }
    String text = value.toString();
    return text.length() > 60 ? text.substring(0, 60) + "…" : text;
  }
}
