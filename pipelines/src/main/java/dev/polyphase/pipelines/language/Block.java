package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.language.Key.Form;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problems;
import dev.polyphase.pipelines.yaml.Mapping;
import dev.polyphase.pipelines.yaml.Node;
import dev.polyphase.pipelines.yaml.Scalar;
import dev.polyphase.pipelines.yaml.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One mapping of a pipeline file while it is read.
 *
 * <p>A reader asks for the keys that it knows, each with what it takes; what nobody asked for is an
 * unknown key. A problem is collected and a stand-in returned, so that readers need not care; what
 * they made of stand-ins is never seen, since reading ends with the problems. A key that holds
 * nothing counts as absent.
 */
final class Block {
  /** Whether keys that are required may be missing. */
  enum Kind {
    WHOLE,
    /** {@code defaults}, which a phase completes, and stand-ins for what is no mapping. */
    PART
  }

  private final Mapping mapping;
  private final Kind kind;
  private final Problems problems;
  private final Values values;
  private final Set<String> known = new LinkedHashSet<>();
  private final Map<String, Key> keys = new LinkedHashMap<>();

  private Block(Mapping mapping, Kind kind, Problems problems) {
    this.mapping = mapping;
    this.kind = kind;
    this.problems = problems;
    this.values = new Values(problems);
  }

  /** Reads a mapping with a reader; keys that it did not ask for are problems. */
  static <T> T read(Node node, Kind kind, Problems problems, Function<Block, T> reader) {
    return of(node, kind, problems).readBy(reader);
  }

  /** The keys that a reader asks for when it reads a mapping, whatever problems there are. */
  static Map<String, Key> keysOf(Node node, Function<Block, ?> reader) {
    Block block = of(node, Kind.WHOLE, new Problems());
    block.readBy(reader);
    return block.keys;
  }

  private static Block of(Node node, Kind kind, Problems problems) {
    if (node instanceof Mapping mapping) {
      return new Block(mapping, kind, problems);
    }
    Block block = new Block(Mapping.empty(node.place(), node.path()), Kind.PART, problems);
    block.values.refuse(node, "a mapping of keys and values");
    return block;
  }

  private <T> T readBy(Function<Block, T> reader) {
    T value = reader.apply(this);
    refuseUnknownKeys();
    return value;
  }

  // ---- text

  /** A required text. */
  String text(String key, Wording wording) {
    keys.put(key, Key.required(new Form.Text(wording)));
    Node node = required(key, wording.wanted());
    return node == null ? "" : values.text(node, wording);
  }

  /** A text or its default. */
  String text(String key, Wording wording, String absent) {
    keys.put(key, Key.optional(new Form.Text(wording), absent));
    Node node = given(key);
    return node == null ? absent : values.text(node, wording);
  }

  /** A required list of texts, at least one. */
  List<String> texts(String key, Wording wording) {
    keys.put(key, Key.required(new Form.Texts(wording, 1)));
    Node node = required(key, "a list of " + wording.wanted());
    return node == null ? List.of() : notEmpty(node, values.texts(node, wording));
  }

  /** A list of texts, at least one, or its default. */
  List<String> texts(String key, Wording wording, List<String> absent) {
    keys.put(key, Key.optional(new Form.Texts(wording, 1), absent));
    Node node = given(key);
    return node == null ? absent : notEmpty(node, values.texts(node, wording));
  }

  /** A list of texts, which may be empty, or its default. */
  List<String> textsIfAny(String key, Wording wording, List<String> absent) {
    keys.put(key, Key.optional(new Form.Texts(wording, 0), absent));
    Node node = given(key);
    return node == null ? absent : values.texts(node, wording);
  }

  // ---- numbers

  /** A required number. */
  double number(String key, Range range) {
    keys.put(key, Key.required(new Form.Decimal(range)));
    Node node = required(key, range.wanted());
    return node == null ? 0 : values.number(node, range);
  }

  /** A required number, or none where a word stands in its place. */
  OptionalDouble numberOrWord(String key, Range range, String word) {
    Form either = new Form.Choice(List.of(word));
    keys.put(key, new Key(List.of(new Form.Decimal(range), either), true, null));
    Node node = required(key, range.wanted());
    if (node instanceof Scalar scalar && scalar.text().equals(word)) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(node == null ? 0 : values.number(node, range));
  }

  /** A number or its default. */
  double number(String key, Range range, double absent) {
    keys.put(key, Key.optional(new Form.Decimal(range), absent));
    Node node = given(key);
    return node == null ? absent : values.number(node, range);
  }

  /** A number, if there is one. */
  OptionalDouble numberIfAny(String key, Range range) {
    keys.put(key, Key.optional(new Form.Decimal(range), null));
    Node node = given(key);
    return node == null ? OptionalDouble.empty() : OptionalDouble.of(values.number(node, range));
  }

  /** A whole number of at least {@code least} and at most {@code most}, or its default. */
  long whole(String key, long least, long most, long absent) {
    keys.put(key, Key.optional(new Form.Whole(least, most), absent));
    Node node = given(key);
    return node == null ? absent : values.whole(node, least, most);
  }

  /** The same, which fits an {@code int}. */
  int count(String key, int least, int most, int absent) {
    keys.put(key, Key.optional(new Form.Whole(least, most), absent));
    Node node = given(key);
    return node == null ? absent : (int) values.whole(node, least, most);
  }

  /** A whole number of at least {@code least} and at most {@code most}, if there is one. */
  OptionalLong wholeIfAny(String key, long least, long most) {
    keys.put(key, Key.optional(new Form.Whole(least, most), null));
    Node node = given(key);
    return node == null ? OptionalLong.empty() : OptionalLong.of(values.whole(node, least, most));
  }

  /** A whole number from 1 to {@code most} or a share below 1, if there is one. */
  Optional<Amount> amountIfAny(String key, long most) {
    keys.put(
        key,
        new Key(
            List.of(new Form.Whole(1, most), new Form.Decimal(Range.PROPER_SHARE)), false, null));
    return Optional.ofNullable(given(key)).map(node -> values.amount(node, 1, most));
  }

  /** The same, where 0 means none. */
  Optional<Amount> amountOrZero(String key, long most) {
    keys.put(
        key,
        new Key(List.of(new Form.Whole(0, most), new Form.Decimal(Range.PROPER_SHARE)), false, 0));
    return Optional.ofNullable(given(key))
        .map(node -> values.amount(node, 0, most))
        .filter(amount -> !amount.equals(new Amount.Count(0)));
  }

  /**
   * What a whole number from {@code least} to {@code most}, or a word in its place, stands for, if
   * there is one of them.
   */
  <T> Optional<T> wholeOrWordIfAny(
      String key,
      long least,
      long most,
      LongFunction<? extends T> ofNumber,
      String word,
      T ofWord) {
    List<Form> forms = List.of(new Form.Whole(least, most), new Form.Choice(List.of(word)));
    keys.put(key, new Key(forms, false, null));
    return Optional.ofNullable(given(key))
        .map(node -> values.wholeOrWord(node, least, most, ofNumber, word, ofWord));
  }

  // ---- true, false and words

  /** {@code true}, {@code false} or its default. */
  boolean flag(String key, boolean absent) {
    keys.put(key, Key.optional(new Form.Flag(), absent));
    Node node = given(key);
    return node == null ? absent : values.flag(node, absent);
  }

  /** {@code true} or {@code false}, or none where a word stands in their place, the default. */
  Optional<Boolean> flagOrWord(String key, String word) {
    List<Form> forms = List.of(new Form.Flag(), new Form.Choice(List.of(word)));
    keys.put(key, new Key(forms, false, word));
    Node node = given(key);
    if (node == null || (node instanceof Scalar scalar && scalar.text().equals(word))) {
      return Optional.empty();
    }
    return Optional.of(values.flag(node, false));
  }

  /** One of an enum's constants, written in small letters; a required key. */
  <E extends Enum<E>> E requiredChoice(String key, Class<E> type, E standIn) {
    keys.put(key, Key.required(new Form.Choice(Values.words(type))));
    Node node = required(key, Values.oneOf(type));
    return node == null ? standIn : values.choice(node, type, standIn);
  }

  /** One of an enum's constants, written in small letters, or its default. */
  <E extends Enum<E>> E choice(String key, Class<E> type, E absent) {
    keys.put(key, Key.optional(new Form.Choice(Values.words(type)), Values.word(absent)));
    Node node = given(key);
    return node == null ? absent : values.choice(node, type, absent);
  }

  // ---- blocks within

  /** What a reader makes of the mapping under a key; where there is none, of an empty one. */
  <T> T block(String key, Function<Block, T> reader) {
    Node node = given(key);
    Node present = node == null ? Mapping.empty(mapping.place(), pathOf(key)) : node;
    Block block = of(present, kind, problems);
    keys.put(key, Key.optional(new Form.Block(block.keys), null));
    return block.readBy(reader);
  }

  /**
   * What a reader makes of the mapping under a key, if there is one.
   *
   * @param words what may stand in the file for the mapping; {@link Spellings} has made one of it
   */
  <T, E extends Enum<E>> Optional<T> blockOrWordIfAny(
      String key, Class<E> words, Function<Block, T> reader) {
    Node node = given(key);
    Form word = new Form.Choice(Values.words(words));
    if (node == null) {
      keys.put(key, Key.optional(word, null));
      return Optional.empty();
    }
    Block block = of(node, kind, problems);
    keys.put(key, new Key(List.of(word, new Form.Block(block.keys)), false, null));
    return Optional.of(block.readBy(reader));
  }

  /** What a reader makes of a mapping that others complete: nothing in it is required. */
  void part(String key, Function<Block, ?> reader) {
    Node node = given(key);
    if (node != null) {
      Block block = of(node, Kind.PART, problems);
      keys.put(key, Key.optional(new Form.Block(block.keys), null));
      block.readBy(reader);
    }
  }

  /** What a reader makes of each mapping of a required list, at least one. */
  <T> List<T> blocks(String key, String wanted, Function<Block, T> reader) {
    Node node = required(key, wanted);
    Map<String, Key> itemKeys = new LinkedHashMap<>();
    keys.put(key, Key.required(new Form.Blocks(itemKeys, 1)));
    return node == null ? List.of() : notEmpty(node, blocks(node, wanted, reader, itemKeys));
  }

  /** What a reader makes of each mapping of a list, none where there is no list. */
  <T> List<T> blocksIfAny(String key, String wanted, Function<Block, T> reader) {
    Node node = given(key);
    Map<String, Key> itemKeys = new LinkedHashMap<>();
    keys.put(key, Key.optional(new Form.Blocks(itemKeys, 0), null));
    return node == null ? List.of() : blocks(node, wanted, reader, itemKeys);
  }

  // ---- what readers ask to check rules of their own

  /** Whether a key holds something, here or by inheritance. */
  boolean holds(String key) {
    return given(key) != null;
  }

  /** Whether a key holds something that is written here, not inherited. */
  boolean owns(String key) {
    Node node = given(key);
    return node != null && node.path().startsWith(Mapping.pathOf(mapping.path(), ""));
  }

  /** Whether a key holds a mapping. */
  boolean hasMapping(String key) {
    return given(key) instanceof Mapping;
  }

  /** Whether a key holds a list. */
  boolean hasList(String key) {
    return given(key) instanceof Sequence;
  }

  /** Whether a part of it may be elsewhere. */
  boolean isPart() {
    return kind == Kind.PART;
  }

  /** Refuses a key that elsewhere would be known. */
  void forbid(String key, String sentence) {
    if (mapping.entries().containsKey(key)) {
      known.add(key);
      refuse(key, sentence);
    }
  }

  /** Reports a value that breaks a rule between keys. */
  void refuse(String key, String sentence) {
    Mapping.Entry entry = mapping.entries().get(key);
    Place place = entry == null ? mapping.place() : entry.keyPlace();
    String path = entry == null ? pathOf(key) : entry.value().path();
    problems.add(place, path + ": " + sentence);
  }

  // ---- the mapping itself

  private <T> List<T> blocks(
      Node node, String wanted, Function<Block, T> reader, Map<String, Key> itemKeys) {
    if (!(node instanceof Sequence sequence)) {
      return values.refuse(node, wanted, List.of());
    }
    List<T> read = new ArrayList<>();
    for (Node item : sequence.items()) {
      Block block = of(item, Kind.WHOLE, problems);
      read.add(block.readBy(reader));
      itemKeys.putAll(block.keys);
    }
    return read;
  }

  private <T> List<T> notEmpty(Node node, List<T> items) {
    if (node instanceof Sequence sequence && sequence.items().isEmpty()) {
      values.refuse(node, "at least one entry");
    }
    return items;
  }

  private @Nullable Node given(String key) {
    known.add(key);
    Mapping.Entry entry = mapping.entries().get(key);
    return entry == null || entry.value().isNull() ? null : entry.value();
  }

  private @Nullable Node required(String key, String wanted) {
    Node node = given(key);
    if (node == null && kind == Kind.WHOLE) {
      String found = mapping.entries().containsKey(key) ? "is empty" : "is missing";
      refuse(key, found + "; give " + wanted);
    }
    return node;
  }

  private void refuseUnknownKeys() {
    mapping
        .entries()
        .forEach(
            (key, entry) -> {
              if (!known.contains(key)) {
                problems.add(
                    entry.keyPlace(),
                    entry.value().path() + ": is no key of this block; " + meant(key));
              }
            });
  }

  private String meant(String key) {
    return NearestKey.to(key, known)
        .map(nearest -> "did you mean " + nearest + "?")
        .orElseGet(() -> "its keys are " + String.join(", ", known));
  }

  private String pathOf(String key) {
    return Mapping.pathOf(mapping.path(), key);
  }
}
