package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One mapping of a pipeline file while it is read.
 *
 * <p>A problem is collected and a stand-in taken, so that nobody need care; what is made of
 * stand-ins is never seen, since reading ends with the problems. A key that holds nothing counts as
 * absent.
 */
final class Block {
  /** Whether keys that are required may be missing. */
  enum Kind {
    WHOLE,
    /** {@code defaults}, which a phase completes, and stand-ins for what is no mapping. */
    PART
  }

  /** What other trainers' keys are that have no counterpart of one key here. */
  private static final Map<String, String> SAID_OTHERWISE =
      Map.of(
          "rpo_alpha", "write dpo: {loss_type: [sigmoid, sft], loss_weights: [1, RPO_ALPHA]}",
          "precompute_ref_log_probs", "write dpo: {reference: precomputed}, which is the default");

  /** What a message asks for where a block is wanted. */
  static final String WANTED = "a mapping of keys and values";

  private final Mapping mapping;
  private final Kind kind;
  private final Problems problems;
  private final Map<String, Object> values = new HashMap<>();
  private final Map<String, List<Block>> within = new HashMap<>();

  private Block(Mapping mapping, Kind kind, Problems problems) {
    this.mapping = mapping;
    this.kind = kind;
    this.problems = problems;
  }

  /** A mapping; what is none is a problem. */
  static Block of(Node node, Kind kind, Problems problems) {
    if (node instanceof Mapping mapping) {
      return new Block(mapping, kind, problems);
    }
    Block empty = new Block(Mapping.empty(node.place(), node.path()), Kind.PART, problems);
    empty.refuse(node, WANTED);
    return empty;
  }

  /** A mapping without keys, of which nothing is required. */
  static Block empty() {
    return of(Mapping.empty(Place.in(""), ""), Kind.PART, new Problems());
  }

  /** Reads all of it; what is no key of the shape is a problem. */
  <T> T read(Shape<T> shape) {
    T value = shape.read(this);
    refuseUnknownKeys(shape.keys());
    return value;
  }

  /** Reads the mapping that a key holds; an empty one where it holds nothing. */
  <T> T readWithin(String key, @Nullable Node node, Kind itsKind, Shape<T> shape) {
    Block block =
        of(node == null ? Mapping.empty(mapping.place(), pathOf(key)) : node, itsKind, problems);
    within.computeIfAbsent(key, k -> new ArrayList<>()).add(block);
    return block.read(shape);
  }

  // ---- what rules ask

  /** Whether a key holds something, here or by inheritance. */
  boolean holds(String key) {
    return given(key) != null;
  }

  /** Whether a key holds something that is written here, not inherited. */
  boolean owns(String key) {
    Node node = given(key);
    return node != null && node.path().startsWith(pathOf(""));
  }

  /** Whether a part of it may be elsewhere. */
  boolean isPart() {
    return kind == Kind.PART;
  }

  /**
   * What was read of a key that is declared before the one that asks.
   *
   * @throws IllegalStateException where it is declared later, or elsewhere
   */
  Object value(String key) {
    Object value = values.get(key);
    if (value == null) {
      throw new IllegalStateException(key + " has not been read");
    }
    return value;
  }

  /** The mapping that a key holds, or that stood in for it. */
  Block within(String key) {
    return blocks(key).get(0);
  }

  /** The mappings of the list that a key holds. */
  List<Block> blocks(String key) {
    return within.getOrDefault(key, List.of());
  }

  /** Reports a value that breaks a rule between keys. */
  void refuse(String key, String sentence) {
    Mapping.Entry entry = mapping.entries().get(key);
    Place place = entry == null ? mapping.place() : entry.keyPlace();
    String path = entry == null ? pathOf(key) : entry.value().path();
    problems.add(place, path + ": " + sentence);
  }

  /** Reports a key that is needed here and holds nothing. */
  void refuseMissing(String key, String wanted) {
    if (kind == Kind.WHOLE) {
      String found = mapping.entries().containsKey(key) ? "is empty" : "is missing";
      refuse(key, found + "; give " + wanted);
    }
  }

  // ---- what keys are read by

  @Nullable Node given(String key) {
    Mapping.Entry entry = mapping.entries().get(key);
    return entry == null || entry.value().isNull() ? null : entry.value();
  }

  /** Whether a key is there, if only to say that it holds nothing. */
  boolean names(String key) {
    return mapping.entries().containsKey(key);
  }

  void remember(String key, Object value) {
    values.put(key, value);
  }

  Kind kind() {
    return kind;
  }

  /** Reports a value: what it is and what is wanted. */
  void refuse(Node node, String wanted) {
    String path = node.path().isEmpty() ? "the pipeline" : node.path() + ":";
    problems.add(node.place(), path + " is " + node.found() + "; give " + wanted);
  }

  /** Reports a list that has fewer entries than it must. */
  void refuseShort(Sequence list, int least) {
    if (list.items().size() < least) {
      refuse(list, "at least one entry");
    }
  }

  private void refuseUnknownKeys(List<DeclaredKey<?>> keys) {
    List<String> all = keys.stream().map(DeclaredKey::name).toList();
    List<String> here =
        keys.stream().filter(key -> key.belongsIn(this)).map(DeclaredKey::name).toList();
    mapping
        .entries()
        .forEach(
            (key, entry) -> {
              if (!all.contains(key)) {
                problems.add(
                    entry.keyPlace(),
                    entry.value().path() + ": is no key of this block; " + meant(key, here));
              }
            });
  }

  private static String meant(String key, List<String> known) {
    @Nullable String otherwise = SAID_OTHERWISE.get(key);
    if (otherwise != null) {
      return otherwise;
    }
    return NearestKey.to(key, known)
        .map(nearest -> "did you mean " + nearest + "?")
        .orElseGet(() -> "its keys are " + String.join(", ", known));
  }

  private String pathOf(String key) {
    return Mapping.pathOf(mapping.path(), key);
  }
}
