package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Python's arithmetic: integers of any size, floats, and what + and * do with strings and lists.
 */
final class Arithmetic {
  private Arithmetic() {}

  static Value add(Value left, Value right) {
    if (left instanceof Value.Text first && right instanceof Value.Text second) {
      return new Output().append(first).append(second).toText();
    }
    if (left instanceof Value.Series first
        && right instanceof Value.Series second
        && first.kind() == second.kind()
        && isJoinable(first.kind())) {
      Limits.requireItems((long) first.items().size() + second.items().size());
      List<Value> items = new ArrayList<>(first.items());
      items.addAll(second.items());
      return new Value.Series(first.kind(), List.copyOf(items));
    }
    return numeric("+", left, right, BigInteger::add, Double::sum);
  }

  static Value subtract(Value left, Value right) {
    return numeric("-", left, right, BigInteger::subtract, (a, b) -> a - b);
  }

  static Value multiply(Value left, Value right) {
    if (wholeOrNull(right) != null && isRepeatable(left)) {
      return repeated(left, required(right));
    }
    if (wholeOrNull(left) != null && isRepeatable(right)) {
      return repeated(right, required(left));
    }
    return numeric("*", left, right, BigInteger::multiply, (a, b) -> a * b);
  }

  static Value divide(Value left, Value right) {
    double divisor = number("/", left, right, right);
    double dividend = number("/", left, right, left);
    if (divisor == 0) {
      throw new Fault("division by zero");
    }
    return new Value.Real(dividend / divisor);
  }

  static Value floorDivide(Value left, Value right) {
    requireDivisor("//", left, right);
    return numeric(
        "//",
        left,
        right,
        (a, b) -> a.subtract(floorModulo(a, b)).divide(b),
        (a, b) -> Math.floor(a / b));
  }

  static Value modulo(Value left, Value right) {
    if (left instanceof Value.Text) {
      throw new Fault("strings have no operator '%' here; take ~ or replace");
    }
    requireDivisor("%", left, right);
    return numeric("%", left, right, Arithmetic::floorModulo, (a, b) -> a - b * Math.floor(a / b));
  }

  static Value power(Value left, Value right) {
    @Nullable BigInteger base = wholeOrNull(left);
    @Nullable BigInteger exponent = wholeOrNull(right);
    if (base != null && exponent != null && exponent.signum() >= 0) {
      Budget.work(20_000);
      if (exponent.bitLength() > 31
          || (base.abs().bitLength() > 1
              && (long) base.bitLength() * exponent.intValue() > Limits.MAX_BITS)) {
        throw tooLarge();
      }
      return new Value.Whole(base.pow(exponent.intValue()));
    }
    return new Value.Real(
        Math.pow(number("**", left, right, left), number("**", left, right, right)));
  }

  static Value signed(Value value, boolean negative) {
    if (value instanceof Value.Real real) {
      return negative ? new Value.Real(-real.value()) : real;
    }
    @Nullable BigInteger whole = wholeOrNull(value);
    if (whole == null) {
      throw value instanceof Value.Undefined undefined
          ? undefined.fault()
          : new Fault("a sign needs a number, found " + value.typeName());
    }
    return new Value.Whole(negative ? whole.negate() : whole);
  }

  /** The value of an int or a bool; null for all else. */
  static @Nullable BigInteger wholeOrNull(Value value) {
    if (value instanceof Value.Whole whole) {
      return whole.value();
    }
    if (value instanceof Value.Bool bool) {
      return bool.truthy() ? BigInteger.ONE : BigInteger.ZERO;
    }
    return null;
  }

  private static BigInteger required(Value value) {
    @Nullable BigInteger whole = wholeOrNull(value);
    if (whole == null) {
      throw new IllegalArgumentException(value.typeName());
    }
    return whole;
  }

  private static boolean isJoinable(Value.Series.Kind kind) {
    return kind == Value.Series.Kind.LIST || kind == Value.Series.Kind.TUPLE;
  }

  private static boolean isRepeatable(Value value) {
    return value instanceof Value.Text
        || (value instanceof Value.Series series && isJoinable(series.kind()));
  }

  private static Value repeated(Value value, BigInteger times) {
    int count = times.max(BigInteger.ZERO).min(BigInteger.valueOf(Limits.MAX_CHARS)).intValue();
    if (value instanceof Value.Text text) {
      Limits.requireChars((long) text.length() * count);
      Output repeated = new Output();
      for (int i = 0; i < count && text.truthy(); i++) {
        repeated.append(text);
      }
      return repeated.toText();
    }
    Value.Series series = (Value.Series) value;
    Limits.requireItems((long) series.items().size() * count);
    List<Value> items = new ArrayList<>();
    for (int i = 0; i < count && !series.items().isEmpty(); i++) {
      items.addAll(series.items());
    }
    return new Value.Series(series.kind(), List.copyOf(items));
  }

  private static BigInteger floorModulo(BigInteger a, BigInteger b) {
    BigInteger remainder = a.remainder(b);
    return remainder.signum() != 0 && remainder.signum() != b.signum()
        ? remainder.add(b)
        : remainder;
  }

  private static void requireDivisor(String operator, Value left, Value right) {
    if (number(operator, left, right, right) == 0) {
      throw new Fault("division by zero");
    }
  }

  private static Value numeric(
      String operator,
      Value left,
      Value right,
      BinaryOperator<BigInteger> whole,
      DoubleBinaryOperator real) {
    @Nullable BigInteger first = wholeOrNull(left);
    @Nullable BigInteger second = wholeOrNull(right);
    if (first != null && second != null) {
      Budget.work(20 + (first.bitLength() / 32L) * (second.bitLength() / 32L));
      BigInteger result = whole.apply(first, second);
      if (result.bitLength() > Limits.MAX_BITS) {
        throw tooLarge();
      }
      return new Value.Whole(result);
    }
    return new Value.Real(
        real.applyAsDouble(
            number(operator, left, right, left), number(operator, left, right, right)));
  }

  private static Fault tooLarge() {
    return new Fault("a number grows beyond %d bits".formatted(Limits.MAX_BITS));
  }

  /** One of two operands as a double. */
  private static double number(String operator, Value left, Value right, Value operand) {
    if (operand instanceof Value.Real real) {
      return real.value();
    }
    @Nullable BigInteger whole = wholeOrNull(operand);
    if (whole != null) {
      return whole.doubleValue();
    }
    for (Value value : new Value[] {left, right}) {
      if (value instanceof Value.Undefined undefined) {
        throw undefined.fault();
      }
    }
    throw new Fault(
        "unsupported operand types for %s: '%s' and '%s'"
            .formatted(operator, left.typeName(), right.typeName()));
  }
}
