package dev.polyphase.pipelines.yaml;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/** Reads a YAML text as a tree of {@link Node}s. */
public final class YamlTree {
  /** Longest text, in characters. */
  private static final int MAX_CODE_POINTS = 1_000_000;

  /** Most aliases of mappings and lists. */
  private static final int MAX_ALIASES = 200;

  /** Most values once aliases are resolved: a few nested aliases can stand for millions. */
  private static final int MAX_VALUES = 100_000;

  private static final Resolver IMPLICIT_TAGS = new Resolver();

  private final Function<@Nullable Mark, Place> places;
  private final Problems problems;
  private final Set<org.yaml.snakeyaml.nodes.Node> open =
      Collections.newSetFromMap(new IdentityHashMap<>());
  private int values;

  private YamlTree(Function<@Nullable Mark, Place> places, Problems problems) {
    this.places = places;
    this.problems = problems;
  }

  /**
   * Reads a file's text.
   *
   * @param file the file as messages name it
   * @param problems receives what is no syntax error: keys given twice, tags, wrong merge keys
   * @throws InputException where the text is no YAML
   */
  public static Node ofFile(String text, String file, Problems problems) {
    Function<@Nullable Mark, Place> places =
        mark ->
            mark == null
                ? Place.in(file)
                : new Place(file, mark.getLine() + 1, mark.getColumn() + 1);
    return new YamlTree(places, problems).read(text, "");
  }

  /**
   * Reads a value given elsewhere, as on a command line.
   *
   * @param place where messages say that it stands
   * @param path where in the tree it belongs
   * @throws InputException where the text is no YAML
   */
  public static Node ofValue(String text, Place place, String path, Problems problems) {
    return new YamlTree(mark -> place, problems).read(text, path);
  }

  private Node read(String text, String path) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(MAX_CODE_POINTS);
    options.setMaxAliasesForCollections(MAX_ALIASES);
    options.setTagInspector(tag -> true); // nothing is built from tags; refuseTag says where
    try {
      org.yaml.snakeyaml.nodes.Node root = new Yaml(options).compose(new StringReader(text));
      if (root == null) {
        return nothing(path);
      }
      return convert(root, path);
    } catch (YAMLException e) {
      SyntaxError error = SyntaxError.of(e);
      throw new InputException(places.apply(error.mark()), error.sentence());
    }
  }

  private Node convert(org.yaml.snakeyaml.nodes.Node node, String path) {
    if (++values > MAX_VALUES) {
      throw new InputException(
          place(node),
          "the aliases of this file stand for more than "
              + MAX_VALUES
              + " values; use fewer of them");
    }
    if (!open.add(node)) {
      throw new InputException(
          place(node), "an alias inside this value stands for the value itself; remove the alias");
    }
    refuseTag(node);
    Node converted;
    if (node instanceof MappingNode mapping) {
      converted = mapping(mapping, path);
    } else if (node instanceof SequenceNode sequence) {
      converted = new Sequence(place(node), path, items(sequence, path));
    } else {
      converted = scalar((ScalarNode) node, path);
    }
    open.remove(node);
    return converted;
  }

  private List<Node> items(SequenceNode sequence, String path) {
    List<Node> items = new ArrayList<>();
    for (org.yaml.snakeyaml.nodes.Node item : sequence.getValue()) {
      items.add(convert(item, Sequence.pathOf(path, items.size())));
    }
    return items;
  }

  private Mapping mapping(MappingNode node, String path) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
    List<org.yaml.snakeyaml.nodes.Node> merged = new ArrayList<>();
    for (NodeTuple tuple : node.getValue()) {
      Place keyPlace = place(tuple.getKeyNode());
      Optional<Scalar> key = key(tuple.getKeyNode());
      if (key.isEmpty()) {
        problems.add(
            keyPlace, "a key is text, not a list or a mapping; put braces and brackets in quotes");
      } else if (!key.get().quoted() && key.get().text().equals("<<")) {
        merged.add(tuple.getValueNode());
      } else {
        String name = key.get().text();
        Node value = convert(tuple.getValueNode(), Mapping.pathOf(path, name));
        Mapping.Entry first = entries.putIfAbsent(name, new Mapping.Entry(keyPlace, value));
        if (first != null) {
          problems.add(
              keyPlace,
              value.path() + ": is given twice; remove it here or at " + first.keyPlace());
        }
      }
    }
    for (org.yaml.snakeyaml.nodes.Node source : merged) {
      mergedEntries(source, path).forEach(entries::putIfAbsent);
    }
    return new Mapping(place(node), path, entries);
  }

  /** The entries that a merge key brings in: of one mapping, or of several, the first of a key. */
  private Map<String, Mapping.Entry> mergedEntries(
      org.yaml.snakeyaml.nodes.Node source, String path) {
    Map<String, Mapping.Entry> entries = new LinkedHashMap<>();
    List<org.yaml.snakeyaml.nodes.Node> sources =
        source instanceof SequenceNode sequence ? sequence.getValue() : List.of(source);
    for (org.yaml.snakeyaml.nodes.Node each : sources) {
      if (convert(each, path) instanceof Mapping mapping) {
        mapping.entries().forEach(entries::putIfAbsent);
      } else {
        problems.add(
            place(each), "a merge key (<<) takes a mapping or a list of them, as <<: *name");
      }
    }
    return entries;
  }

  private Optional<Scalar> key(org.yaml.snakeyaml.nodes.Node node) {
    return node instanceof ScalarNode scalar
        ? Optional.of(scalar(scalar, scalar.getValue()))
        : Optional.empty();
  }

  private Scalar scalar(ScalarNode node, String path) {
    refuseWhatIsNoText(node);
    boolean quoted = node.getScalarStyle() != ScalarStyle.PLAIN;
    return new Scalar(place(node), path, node.getValue(), quoted);
  }

  /** In quotes YAML can say what no path, name, key or word of a file in UTF-8 can hold. */
  private void refuseWhatIsNoText(ScalarNode node) {
    String text = node.getValue();
    if (text.indexOf('\0') >= 0) {
      problems.add(
          place(node), "this text holds a NUL character (\\0), which ends a path; remove it");
    }
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      problems.add(
          place(node),
          "this text holds one half of a pair (\\uD800 to \\uDFFF), which is no character; write"
              + " the character itself, or \\U and its eight digits");
    }
  }

  /** Types are decided by who reads a value; a tag that claims another one is refused. */
  private void refuseTag(org.yaml.snakeyaml.nodes.Node node) {
    Tag implicit =
        node instanceof ScalarNode scalar
            ? IMPLICIT_TAGS.resolve(
                NodeId.scalar, scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN)
            : node instanceof SequenceNode ? Tag.SEQ : Tag.MAP;
    if (!node.getTag().equals(implicit)) {
      String written = node.getTag().getValue().replace("tag:yaml.org,2002:", "!!");
      problems.add(place(node), "the tag " + written + " has no meaning here; remove it");
    }
  }

  private Node nothing(String path) {
    return new Scalar(places.apply(null), path, "", false);
  }

  private Place place(org.yaml.snakeyaml.nodes.Node node) {
    return places.apply(node.getStartMark());
  }
}
