package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.YamlTree;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A key as a record's component declares it.
 *
 * @param name as files have it
 * @param key the declaration
 * @param type what it takes
 * @param required whether it must be given, where nothing is inherited
 * @param byDefault what it holds where it is not given
 */
record DeclaredKey<V>(
    String name, Key key, ValueType<V> type, boolean required, Optional<V> byDefault) {

  static <V> DeclaredKey<V> of(String name, Key key, ValueType<V> type) {
    boolean hasDefault = !key.absent().isEmpty();
    return new DeclaredKey<>(
        name,
        key,
        type,
        key.required() || (type.required() && !hasDefault),
        hasDefault ? Optional.of(byDefault(name, key, type)) : Optional.empty());
  }

  private static <V> V byDefault(String name, Key key, ValueType<V> type) {
    Problems problems = new Problems();
    Node node = absent(name, key, problems);
    Block block = Block.of(Mapping.empty(node.place(), ""), Block.Kind.PART, problems);
    V value = type.read(name, node, block, type::standIn);
    try {
      problems.throwIfAny();
    } catch (InputException e) {
      throw new IllegalStateException("the default of " + name + " is none of its values", e);
    }
    return value;
  }

  private static Node absent(String name, Key key, Problems problems) {
    return YamlTree.ofValue(key.absent(), Place.in(name), name, problems);
  }

  /** The same of a record that need not be there. */
  DeclaredKey<V> ofOptional() {
    return new DeclaredKey<>(name, key, type, false, byDefault);
  }

  List<Form> forms() {
    return type.forms();
  }

  /** Whether it is a key of a block: {@code defaults} may not hold what each phase has. */
  boolean belongsIn(Block block) {
    return key.inherited() || !block.isPart();
  }

  /** Its default as it is in a file; nothing where it has none, or none beside some other key. */
  Optional<Node> absent() {
    return byDefault.isEmpty() || key.unless().length > 0
        ? Optional.empty()
        : Optional.of(absent(name, key, new Problems()));
  }

  /** What it holds in a block; a problem is reported, and something else stands in. */
  V read(Block block) {
    V value = value(block);
    block.remember(name, value);
    return value;
  }

  private V value(Block block) {
    if (!belongsIn(block)) {
      if (block.names(name)) {
        block.refuse(name, "can't be inherited; write it in each phase");
      }
      return type.standIn();
    }
    Node node = block.given(name);
    if (node != null && isForPhase(block)) {
      return type.read(name, node, block, () -> byDefault.orElseGet(type::standIn));
    }
    if (node != null && block.owns(name)) {
      block.refuse(name, isFor(block));
    }
    boolean counts = Stream.of(key.unless()).noneMatch(block::holds);
    return counts && byDefault.isPresent() ? byDefault.get() : type.absent(name, block);
  }

  /** Whether it is for the phase's type, which {@code defaults} have none of. */
  private boolean isForPhase(Block phase) {
    return key.phases().length == 0
        || phase.isPart()
        || typeOf(phase).stream().allMatch(List.of(key.phases())::contains);
  }

  private String isFor(Block phase) {
    return "is for phases of type %s, but this one's type is %s; remove it or change the type"
        .formatted(
            Arrays.stream(key.phases()).map(Words::of).collect(Collectors.joining(" or ")),
            typeOf(phase).map(Words::of).orElseThrow());
  }

  /** The type that is written, if it is one: a stand-in would make problems of its own. */
  private static Optional<PhaseType> typeOf(Block phase) {
    return phase.given("type") instanceof Scalar written
        ? Words.constant(PhaseType.class, written.text())
        : Optional.empty();
  }

  /** Whether it belongs to a phase with these keys. */
  boolean isForPhaseOf(Map<String, Object> written) {
    return key.phases().length == 0
        || Stream.of(key.phases()).anyMatch(type -> Words.of(type).equals(written.get("type")));
  }

  /** Whether a value is written: its default may go without saying. */
  boolean isSpelledOut(V value) {
    return key.spelledOut() || !value.equals(byDefault.orElseGet(type::standIn));
  }

  /** What is written of a value; null for nothing. */
  @Nullable Object write(V value) {
    return type.write(value);
  }
}
