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

  /** A string. */
  static Text text(String value) {
    return new Text(value);
  }

  /** An int. */
  static Whole whole(long value) {
    return new Whole(BigInteger.valueOf(value));
  }

  /** True or false. */
  static Bool bool(boolean value) {
    return value ? Bool.TRUE : Bool.FALSE;
  }

  /** A list. */
  static Series list(List<? extends Value> items) {
    return new Series(Series.Kind.LIST, List.copyOf(items));
  }

  /** A tuple. */
  static Series tuple(Value... items) {
    return new Series(Series.Kind.TUPLE, List.of(items));
  }

  /** What a filter such as {@code map} yields. */
  static Series generator(List<? extends Value> items) {
    return new Series(Series.Kind.GENERATOR, List.copyOf(items));
  }

  /** Python's None. */
  enum None implements Value {
    NONE;

    @Override
    public boolean truthy() {
      return false;
    }

    @Override
    public String typeName() {
      return "None";
    }
  }

  /** A truth value, which in arithmetic is 1 or 0. */
  enum Bool implements Value {
    FALSE,
    TRUE;

    @Override
    public boolean truthy() {
      return this == TRUE;
    }

    @Override
    public String typeName() {
      return "bool";
    }
  }

  /** An integer of any size, up to {@link Limits#MAX_BITS}. */
  record Whole(BigInteger value) implements Value {
    public Whole {
      Budget.made(value.bitLength() / 8);
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
  record Real(double value) implements Value {
    @Override
    public boolean truthy() {
      return value != 0;
    }

    @Override
    public String typeName() {
      return "float";
    }
  }

  /** A string; its elements are code points. */
  record Text(String value) implements Value, Comparable<Text> {
    public Text {
      Budget.grown(64 + 2L * value.length());
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
  record Series(Kind kind, List<Value> items) implements Value {
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
  record Mapping(Map<Value, Value> entries) implements Value {
    public Mapping {
      // What is tracked was paid for before, and to go through it would be to read it.
      if (!(entries instanceof TrackedMap)) {
        Budget.made(80L * entries.size());
        // The map reads its keys again.
        entries.keySet().forEach(Comparison::payForKey);
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
      }
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
