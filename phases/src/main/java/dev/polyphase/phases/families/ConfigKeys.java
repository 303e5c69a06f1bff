package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.util.ArrayList;
import java.util.Collections;
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
  private final Set<String> wrong = new HashSet<>();

  ConfigKeys(JsonNode node, String prefix, Place place, List<Problem> problems) {
    this.node = node;
    this.prefix = prefix;
    this.place = place;
    this.problems = problems;
  }

  /** Whether a key has a value; null, as transformers writes it, is none. */
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

  /** Whether nothing wrong was found with these keys, so that it is worth comparing them. */
  boolean sound(String... keys) {
    return Collections.disjoint(wrong, List.of(keys));
  }

  /** A mapping below a key. */
  ConfigKeys below(String key) {
    if (has(key) && !get(key).isObject()) {
      problem(key, "must be a mapping, found " + shown(get(key)));
    }
    return new ConfigKeys(get(key), prefix + key + ".", place, problems);
  }

  /** A whole number of at least 1; what is wrong is noted and 1 returned. */
  int positive(String key) {
    return wholeNumber(key, 1, Integer.MAX_VALUE);
  }

  /** A whole number from 1 to {@code most}; what is wrong is noted and 1 returned. */
  int positiveUpTo(int most, String key) {
    return wholeNumber(key, 1, most);
  }

  int positiveOr(int otherwise, String key) {
    return has(key) ? positive(key) : note(key, otherwise);
  }

  int wholeNumberOr(int otherwise, String key) {
    return has(key) ? wholeNumber(key, 0, Integer.MAX_VALUE) : note(key, otherwise);
  }

  private int wholeNumber(String key, int least, int most) {
    JsonNode value = get(key);
    boolean whole = value.isIntegralNumber() && value.canConvertToInt();
    if (!whole || value.intValue() < least || value.intValue() > most) {
      problem(
          key,
          "must be a whole number from %d to %d, found %s".formatted(least, most, shown(value)));
      return 1;
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

  /** A number above 0; {@code absent} where the key is not there, and 0 where it is null. */
  double numberOrNone(String key, double absent) {
    return node.has(key) && !has(key) ? note(key, 0.0) : number(key, absent);
  }

  /** So many numbers above 0; what is wrong is noted and ones returned. */
  List<Double> numbers(String key, int count) {
    JsonNode values = get(key);
    List<Double> numbers = new ArrayList<>();
    for (JsonNode value : values) {
      if (value.isNumber() && value.doubleValue() > 0 && Double.isFinite(value.doubleValue())) {
        numbers.add(value.doubleValue());
      }
    }
    if (!values.isArray() || values.size() != count || numbers.size() != count) {
      problem(
          key,
          "must be a list of %d numbers above 0, found %s"
              .formatted(
                  count,
                  values.isArray() ? values.size() + " values: " + shown(values) : shown(values)));
      return Collections.nCopies(count, 1.0);
    }
    return numbers;
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

  /** Notes a flag that is true in a family that does not know what it asks for. */
  void refuseTrue(String key) {
    if (flag(key, false)) {
      problem(key, "is true, which this architecture does not have");
    }
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

  /** Notes every key that has a value and that nobody asked for. */
  void refuseOthers() {
    for (String key : new TreeSet<>(names())) {
      if (has(key) && !read.contains(key)) {
        problem(key, "is not known, so that its effect would be missing: " + shown(get(key)));
      }
    }
  }

  void problem(String key, String sentence) {
    wrong.add(key);
    Problem problem = new Problem(place, prefix + key + " " + sentence);
    // A key may be read for several layers.
    if (!problems.contains(problem)) {
      problems.add(problem);
    }
  }

  /** A key's value for a message. */
  String shown(String key) {
    return shown(get(key));
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
