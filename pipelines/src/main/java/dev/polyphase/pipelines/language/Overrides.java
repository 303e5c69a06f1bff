package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts the values of {@code --set KEY=VALUE} into a pipeline's tree. */
final class Overrides {
  private static final String PHASES = "phases";
  private static final Pattern SEGMENT = Pattern.compile("([^.\\[\\]]+)((?:\\[[0-9]{1,9}])*)");
  private static final Pattern INDEX = Pattern.compile("\\[([0-9]+)]");

  /** One step into the tree: a key of a mapping or an index of a list. */
  private sealed interface Step {
    record Key(String name) implements Step {}

    record Index(int number) implements Step {}
  }

  private final Place place;
  private final Problems problems;

  private Overrides(String override, Problems problems) {
    this.place = Place.in("--set " + override);
    this.problems = problems;
  }

  /** The tree with every override; one that can't be placed is a problem and changes nothing. */
  static Node apply(Node pipeline, List<String> overrides, Problems problems) {
    Node changed = pipeline;
    for (String override : overrides) {
      try {
        changed = new Overrides(override, problems).apply(changed, override);
      } catch (InputException e) {
        problems.addAll(e);
      }
    }
    return changed;
  }

  private Node apply(Node pipeline, String override) {
    int equals = override.indexOf('=');
    if (equals < 1) {
      throw refused("it is not KEY=VALUE; write for example seed=1");
    }
    List<Step> steps = steps(override.substring(0, equals).strip(), pipeline);
    return set(pipeline, steps, override.substring(equals + 1));
  }

  // ---- KEY

  private List<Step> steps(String key, Node pipeline) {
    if (!key.startsWith(PHASES + ".")) {
      return steps(key);
    }
    String rest = key.substring(PHASES.length() + 1);
    List<String> names = phaseNames(pipeline);
    // names may hold dots: of those that fit, the longest is meant
    int phase = -1;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      boolean fits = !name.isEmpty() && (rest.equals(name) || rest.startsWith(name + "."));
      if (fits && (phase < 0 || name.length() > names.get(phase).length())) {
        phase = i;
      }
    }
    if (phase < 0) {
      throw refused("no phase has this name; the phases are " + String.join(", ", names));
    }
    List<Step> steps = new ArrayList<>(List.of(new Step.Key(PHASES), new Step.Index(phase)));
    if (rest.length() > names.get(phase).length()) {
      steps.addAll(steps(rest.substring(names.get(phase).length() + 1)));
    }
    return steps;
  }

  private List<Step> steps(String key) {
    List<Step> steps = new ArrayList<>();
    for (String segment : key.split("\\.", -1)) {
      Matcher parts = SEGMENT.matcher(segment);
      if (!parts.matches()) {
        throw refused("this key can't be read; write for example phases[0].learning_rate=1e-5");
      }
      steps.add(new Step.Key(parts.group(1)));
      Matcher indices = INDEX.matcher(parts.group(2));
      while (indices.find()) {
        steps.add(new Step.Index(Integer.parseInt(indices.group(1))));
      }
    }
    return steps;
  }

  /** The phases' names in order, an empty text for a phase without one. */
  private static List<String> phaseNames(Node pipeline) {
    if (pipeline instanceof Mapping root
        && root.entries().containsKey(PHASES)
        && root.entries().get(PHASES).value() instanceof Sequence phases) {
      return phases.items().stream().map(Overrides::name).toList();
    }
    return List.of();
  }

  private static String name(Node phase) {
    return phase instanceof Mapping mapping
            && mapping.entries().containsKey("name")
            && mapping.entries().get("name").value() instanceof Scalar name
        ? name.text()
        : "";
  }

  // ---- setting

  private Node set(Node node, List<Step> steps, String value) {
    if (steps.isEmpty()) {
      return YamlTree.ofValue(value, place, node.path(), problems);
    }
    List<Step> rest = steps.subList(1, steps.size());
    return steps.get(0) instanceof Step.Key key
        ? setKey(node, key.name(), rest, value)
        : setItem(node, ((Step.Index) steps.get(0)).number(), rest, value);
  }

  private Node setKey(Node node, String key, List<Step> rest, String value) {
    Mapping mapping;
    if (node instanceof Mapping existing) {
      mapping = existing;
    } else if (node.isNull()) {
      mapping = Mapping.empty(place, node.path());
    } else {
      throw refused(
          "%s is %s and has no key %s; leave that out".formatted(node.path(), node.found(), key));
    }
    String path = Mapping.pathOf(mapping.path(), key);
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>(mapping.entries());
    Node old = new Scalar(place, path, "", false);
    String held = Spellings.held(mapping, key).orElse(key);
    Mapping.Entry replaced = entries.remove(held);
    if (replaced != null && !rest.isEmpty()) {
      old = replaced.value();
    }
    entries.put(key, new Mapping.Entry(place, set(old, rest, value)));
    return mapping.withEntries(entries);
  }

  private Node setItem(Node node, int index, List<Step> rest, String value) {
    if (!(node instanceof Sequence list)) {
      throw refused(
          "%s is %s and has no entry [%d]; leave that out"
              .formatted(node.path(), node.found(), index));
    }
    if (index >= list.items().size()) {
      throw refused(
          "%s has %d entries, counted from 0, and no entry [%d]; give a smaller one"
              .formatted(list.path(), list.items().size(), index));
    }
    List<Node> items = new ArrayList<>(list.items());
    items.set(index, set(items.get(index), rest, value));
    return list.withItems(items);
  }

  private InputException refused(String sentence) {
    return new InputException(place, sentence);
  }
}
