package dev.polyphase.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's comparisons. */
final class Comparison {
  private Comparison() {}

  /** An operator between two values. */
  enum Operator {
    EQ,
    NE,
    LT,
    LE,
    GT,
    GE,
    IN,
    NOT_IN;

    /**
     * Whether it holds.
     *
     * @throws Fault if Python does not order these values
     */
    boolean holds(Value left, Value right) {
      return switch (this) {
        case EQ -> equal(left, right);
        case NE -> !equal(left, right);
        case LT -> compare(left, right) < 0;
        case LE -> compare(left, right) <= 0;
        case GT -> compare(left, right) > 0;
        case GE -> compare(left, right) >= 0;
        case IN -> contains(right, left);
        case NOT_IN -> !contains(right, left);
      };
    }
  }

  /** Whether two values are equal; numbers of different types may be. */
  static boolean equal(Value left, Value right) {
    Budget.work(20);
    if (left == right) {
      return true;
    }
    if (left instanceof Value.Text a && right instanceof Value.Text b) {
      Budget.read(Math.min(a.value().length(), b.value().length()));
      return a.value().equals(b.value());
    }
    @Nullable BigDecimal first = exactOrNull(left);
    @Nullable BigDecimal second = exactOrNull(right);
    if (first != null && second != null) {
      return first.compareTo(second) == 0;
    }
    if (left instanceof Value.Series a && right instanceof Value.Series b) {
      return a.kind() == b.kind() && equal(a.items(), b.items());
    }
    if (left instanceof Value.Mapping a && right instanceof Value.Mapping b) {
      return a.entries().size() == b.entries().size()
          && a.entries().entrySet().stream().allMatch(entry -> isIn(entry, b.entries()));
    }
    if (left instanceof Value.Undefined && right instanceof Value.Undefined) {
      return true;
    }
    return left.equals(right);
  }

  private static boolean equal(List<Value> left, List<Value> right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (int i = 0; i < left.size(); i++) {
      if (!equal(left.get(i), right.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isIn(Map.Entry<Value, Value> entry, Map<Value, Value> entries) {
    @Nullable Value other = ofKey(entries, entry.getKey());
    return other != null && equal(entry.getValue(), other);
  }

  /**
   * Negative, zero or positive, as {@code left} comes before, with or after {@code right}.
   *
   * @throws Fault if Python does not order these values
   */
  static int compare(Value left, Value right) {
    Budget.work(20);
    @Nullable BigDecimal first = exactOrNull(left);
    @Nullable BigDecimal second = exactOrNull(right);
    if (first != null && second != null) {
      return first.compareTo(second);
    }
    if (left instanceof Value.Text a && right instanceof Value.Text b) {
      return compareCodePoints(a.value(), b.value());
    }
    if (left instanceof Value.Series a && right instanceof Value.Series b && a.kind() == b.kind()) {
      int shared = Math.min(a.items().size(), b.items().size());
      for (int i = 0; i < shared; i++) {
        if (!equal(a.items().get(i), b.items().get(i))) {
          return compare(a.items().get(i), b.items().get(i));
        }
      }
      return Integer.compare(a.items().size(), b.items().size());
    }
    for (Value value : new Value[] {left, right}) {
      if (value instanceof Value.Undefined undefined) {
        throw undefined.fault();
      }
    }
    throw new Fault("'%s' and '%s' can't be ordered".formatted(left.typeName(), right.typeName()));
  }

  /** Java compares UTF-16 units, which order characters beyond the first 65536 before some. */
  private static int compareCodePoints(String left, String right) {
    Budget.read(Math.min(left.length(), right.length()));
    int at = 0;
    while (at < left.length() && at < right.length()) {
      int a = left.codePointAt(at);
      int b = right.codePointAt(at);
      if (a != b) {
        return Integer.compare(a, b);
      }
      at += Character.charCount(a);
    }
    return Integer.compare(left.length(), right.length());
  }

  /**
   * {@code item in container}.
   *
   * @throws Fault if the container can't hold anything, or a string something that is no string
   */
  static boolean contains(Value container, Value item) {
    if (container instanceof Value.Text text) {
      if (item instanceof Value.Text part) {
        return TextSearch.indexOf(text.value(), part.value(), 0) >= 0;
      }
      throw item instanceof Value.Undefined undefined
          ? undefined.fault()
          : new Fault("'in <string>' requires string as left operand, not " + item.typeName());
    }
    if (container instanceof Value.Mapping mapping) {
      return ofKey(mapping.entries(), item) != null;
    }
    return Subscripts.elements(container).stream().anyMatch(each -> equal(each, item));
  }

  /**
   * The entry of a key, which is asked for thereby; null where there is none. A map may read a key
   * to its depths, however often a part occurs in it, so all of that is paid first.
   */
  static @Nullable Value ofKey(Map<Value, Value> entries, Value key) {
    payForKey(key);
    @Nullable Value value = entries.get(key);
    @Nullable Source source = value == null ? null : value.source();
    if (source != null) {
      source.ask();
    }
    return value;
  }

  /** Pays for what a map reads of a key. */
  static void payForKey(Value key) {
    if (key instanceof Value.Text text) {
      Budget.read(4L * text.value().length());
    } else if (key instanceof Value.Series series) {
      Budget.work(20);
      series.items().forEach(Comparison::payForKey);
    } else if (key instanceof Value.Mapping mapping) {
      Budget.work(20);
      mapping.entries().forEach((inner, value) -> payForBoth(inner, value));
    } else if (key instanceof Loop loop) {
      payForKey(loop.series());
    }
  }

  private static void payForBoth(Value key, Value value) {
    payForKey(key);
    payForKey(value);
  }

  /** A finite number's exact value; null for all else. */
  private static @Nullable BigDecimal exactOrNull(Value value) {
    @Nullable BigInteger whole = Arithmetic.wholeOrNull(value);
    if (whole != null) {
      Budget.work(20 + whole.bitLength());
      return new BigDecimal(whole);
    }
    Budget.work(value instanceof Value.Real ? 1000 : 0);
    return value instanceof Value.Real real && Double.isFinite(real.value())
        ? new BigDecimal(real.value())
        : null;
  }
}
