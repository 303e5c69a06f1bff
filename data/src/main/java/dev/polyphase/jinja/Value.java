package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value of a template: Python's types as far as templates meet them. Only {@link Namespace} can
 * change.
 */
sealed interface Value
    permits Value.None,
        Value.Bool,
        Value.Whole,
        Value.Real,
        Value.Text,
        Value.Series,
        Value.Mapping,
        Value.Function,
        Value.Undefined,
        Namespace,
        Loop {

  /** Whether Python takes it for true. */
  boolean truthy();

  /** Python's name of its type, for messages. */
  String typeName();

  /** Which of the variables it is; null for what the template made. No comparison looks at it. */
  default @Nullable Source source() {
    return null;
  }

  /** A string. */
  static Text text(String value) {
    return new Text(value, null);
  }

  /** An int. */
  static Whole whole(long value) {
    return new Whole(BigInteger.valueOf(value), null);
  }

  /** True or false. */
  static Bool bool(boolean value) {
    return value ? Bool.TRUE : Bool.FALSE;
  }

  /** A list. */
  static Series list(List<? extends Value> items) {
    return new Series(Series.Kind.LIST, List.copyOf(items), null);
  }

  /** A tuple. */
  static Series tuple(Value... items) {
    return new Series(Series.Kind.TUPLE, List.of(items), null);
  }

  /** What a filter such as {@code map} yields. */
  static Series generator(List<? extends Value> items) {
    return new Series(Series.Kind.GENERATOR, List.copyOf(items), null);
  }

  /** Python's None. */
  record None(@Nullable Source source) implements Value {
    static final None NONE = new None(null);

    @Override
    public boolean truthy() {
      return false;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof None;
    }

    @Override
    public int hashCode() {
      return 0;
    }

    @Override
    public String typeName() {
      return "None";
    }
  }

  /** A truth value, which in arithmetic is 1 or 0. */
  record Bool(boolean truthy, @Nullable Source source) implements Value {
    private static final Bool TRUE = new Bool(true, null);
    private static final Bool FALSE = new Bool(false, null);

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Bool bool && truthy == bool.truthy;
    }

    @Override
    public int hashCode() {
      return Boolean.hashCode(truthy);
    }

    @Override
    public String typeName() {
      return "bool";
    }
  }

  /** An integer of any size, up to {@link Limits#MAX_BITS}. */
  record Whole(BigInteger value, @Nullable Source source) implements Value {
    public Whole {
      Budget.made(value.bitLength() / 8);
    }

    Whole(BigInteger value) {
      this(value, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Whole whole && value.equals(whole.value);
    }

    @Override
    public int hashCode() {
      return value.hashCode();
    }

    @Override
    public boolean truthy() {
      return value.signum() != 0;
    }

    @Override
    public String typeName() {
      return "int";
    }
  }

  /** A floating-point number. */
  record Real(double value, @Nullable Source source) implements Value {
    Real(double value) {
      this(value, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Real real && Double.compare(value, real.value) == 0;
    }

    @Override
    public int hashCode() {
      return Double.hashCode(value);
    }

    @Override
    public boolean truthy() {
      return value != 0;
    }

    @Override
    public String typeName() {
      return "float";
    }
  }

  /**
   * A string; its elements are code points.
   *
   * @param origins which of the variables its characters come from; null for none of them
   */
  record Text(String value, @Nullable Origins origins) implements Value, Comparable<Text> {
    public Text {
      Budget.grown(72 + 2L * value.length());
    }

    /** The characters between two UTF-16 indices. */
    Text part(int start, int end) {
      return start == 0 && end == value.length()
          ? this
          : new Text(
              value.substring(start, end), origins == null ? null : origins.part(start, end));
    }

    /** This text with its characters changed, and none of them moved. */
    Text changed(Origins.Change change) {
      String changed = change.apply(value);
      return new Text(changed, origins == null ? null : origins.changed(changed, value, change));
    }

    int length() {
      return value.length();
    }

    @Override
    public @Nullable Source source() {
      return origins instanceof Source source ? source : null;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Text text && value.equals(text.value);
    }

    @Override
    public int hashCode() {
      return value.hashCode();
    }

    /** Of use to maps alone: keys whose hash codes were made to collide are ordered then. */
    @Override
    public int compareTo(Text other) {
      return value.compareTo(other.value);
    }

    @Override
    public boolean truthy() {
      return !value.isEmpty();
    }

    @Override
    public String typeName() {
      return "str";
    }
  }

  /**
   * Values in a row.
   *
   * @param kind which of Python's types it is
   * @param items its elements; never changed
   */
  record Series(Kind kind, List<Value> items, @Nullable Source source) implements Value {
    /** Python's types of values in a row, and what they can do. */
    enum Kind {
      LIST("list", true, true),
      TUPLE("tuple", true, true),
      RANGE("range", true, true),
      /** Keys, values or items of a dict. */
      VIEW("dict view", true, false),
      /** Known only by going through it; Python takes it for true even if it is empty. */
      GENERATOR("generator", false, false);

      private final String typeName;
      private final boolean hasLength;
      private final boolean hasIndex;

      Kind(String typeName, boolean hasLength, boolean hasIndex) {
        this.typeName = typeName;
        this.hasLength = hasLength;
        this.hasIndex = hasIndex;
      }

      boolean hasLength() {
        return hasLength;
      }

      boolean hasIndex() {
        return hasIndex;
      }
    }

    public Series {
      Budget.made(8L * items.size());
    }

    Series(Kind kind, List<Value> items) {
      this(kind, items, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Series series && kind == series.kind && items.equals(series.items);
    }

    @Override
    public int hashCode() {
      return 31 * kind.hashCode() + items.hashCode();
    }

    @Override
    public boolean truthy() {
      return !kind.hasLength || !items.isEmpty();
    }

    @Override
    public String typeName() {
      return kind.typeName;
    }
  }

  /**
   * A dict.
   *
   * @param entries in their order; not changed
   */
  record Mapping(Map<Value, Value> entries, @Nullable Source source) implements Value {
    public Mapping {
      Budget.made(80L * entries.size());
      // The map reads its keys again.
      entries.keySet().forEach(Comparison::payForKey);
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    Mapping(Map<Value, Value> entries) {
      this(entries, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Mapping mapping && entries.equals(mapping.entries);
    }

    @Override
    public int hashCode() {
      return entries.hashCode();
    }

    /** The entries, all of which are asked for thereby. */
    Map<Value, Value> all() {
      for (Value value : entries.values()) {
        @Nullable Source asked = value.source();
        if (asked != null) {
          asked.ask();
        }
      }
      return entries;
    }

    @Override
    public boolean truthy() {
      return !entries.isEmpty();
    }

    @Override
    public String typeName() {
      return "dict";
    }
  }

  /**
   * What can be called: a macro, a method of a value, a function.
   *
   * @param name its name
   * @param holds what it keeps alive: the value whose method it is, or the scope of a macro; null
   *     for none
   * @param body what it does
   */
  record Function(String name, @Nullable Object holds, Body body) implements Value {
    Function(String name, Body body) {
      this(name, null, body);
    }

    /** What a call does. */
    @FunctionalInterface
    interface Body {
      Value call(Arguments arguments, Run run);
    }

    @Override
    public boolean truthy() {
      return true;
    }

    @Override
    public String typeName() {
      return "function";
    }
  }

  /**
   * What a name stands for that nothing has. It is written as nothing and taken for false, and all
   * else that is done with it is a fault.
   *
   * @param why the message of that fault
   */
  record Undefined(String why) implements Value {
    @Override
    public boolean truthy() {
      return false;
    }

    @Override
    public String typeName() {
      return "Undefined";
    }

    Fault fault() {
      return new Fault(why);
    }
  }
}
