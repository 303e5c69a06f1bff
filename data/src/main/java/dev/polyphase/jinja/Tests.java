package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** All tests by name: what may follow {@code is}. */
final class Tests {
  private static final Map<String, Test> BY_NAME = byName();

  /** What {@code input is test(arguments)} asks. */
  @FunctionalInterface
  interface Test {

    /**
     * Whether it holds.
     *
     * @throws Fault if the input or an argument is wrong
     */
    boolean holds(Value input, Arguments arguments);
  }

  private Tests() {}

  /**
   * The test of this name.
   *
   * @throws Fault if there is none
   */
  static Test named(String name) {
    @Nullable Test test = BY_NAME.get(name);
    if (test == null) {
      throw new Fault("there is no test '" + name + "'");
    }
    return test;
  }

  private static Map<String, Test> byName() {
    Map<String, Test> tests = new HashMap<>();
    tests.put("defined", plain(value -> !(value instanceof Value.Undefined)));
    tests.put("undefined", plain(value -> value instanceof Value.Undefined));
    tests.put("none", plain(value -> value instanceof Value.None));
    tests.put("boolean", plain(value -> value instanceof Value.Bool));
    tests.put("true", plain(value -> value instanceof Value.Bool && value.truthy()));
    tests.put("false", plain(value -> value instanceof Value.Bool && !value.truthy()));
    tests.put("integer", plain(value -> value instanceof Value.Whole));
    tests.put("float", plain(value -> value instanceof Value.Real));
    tests.put("number", plain(Tests::isNumber));
    tests.put("string", plain(value -> value instanceof Value.Text));
    tests.put("mapping", plain(value -> value instanceof Value.Mapping));
    tests.put("iterable", plain(Tests::isIterable));
    tests.put("sequence", plain(Tests::isSequence));
    tests.put("callable", plain(value -> value instanceof Value.Function));
    tests.put("odd", plain(value -> remainder(value, Value.whole(2)).equals(BigInteger.ONE)));
    tests.put("even", plain(value -> remainder(value, Value.whole(2)).signum() == 0));
    tests.put("lower", plain(value -> hasCase(value, text -> text.toLowerCase(Locale.ROOT))));
    tests.put("upper", plain(value -> hasCase(value, text -> text.toUpperCase(Locale.ROOT))));
    tests.put("divisibleby", with((value, other) -> remainder(value, other).signum() == 0));
    tests.put("in", with((value, other) -> Comparison.contains(other, value)));
    tests.put("sameas", with(Tests::isSame));
    for (String name : new String[] {"eq", "equalto", "=="}) {
      tests.put(name, with(Comparison.Operator.EQ::holds));
    }
    for (String name : new String[] {"ne", "!="}) {
      tests.put(name, with(Comparison.Operator.NE::holds));
    }
    for (String name : new String[] {"lt", "lessthan", "<"}) {
      tests.put(name, with(Comparison.Operator.LT::holds));
    }
    for (String name : new String[] {"le", "<="}) {
      tests.put(name, with(Comparison.Operator.LE::holds));
    }
    for (String name : new String[] {"gt", "greaterthan", ">"}) {
      tests.put(name, with(Comparison.Operator.GT::holds));
    }
    for (String name : new String[] {"ge", ">="}) {
      tests.put(name, with(Comparison.Operator.GE::holds));
    }
    return Map.copyOf(tests);
  }

  private static Test plain(Predicate<Value> test) {
    return (input, arguments) -> {
      arguments.bind("the test");
      return test.test(input);
    };
  }

  private interface Pair {
    boolean holds(Value input, Value other);
  }

  private static Test with(Pair test) {
    return (input, arguments) ->
        test.holds(input, arguments.bind("the test", "other").required("other"));
  }

  /** As in Python, also true and false. */
  private static boolean isNumber(Value value) {
    return value instanceof Value.Real || Arithmetic.wholeOrNull(value) != null;
  }

  private static boolean isIterable(Value value) {
    return isSequence(value) || value instanceof Value.Series;
  }

  /** jinja2 asks for a length and for elements by key, which what is undefined has too. */
  private static boolean isSequence(Value value) {
    return (value instanceof Value.Series series && series.kind().hasIndex())
        || value instanceof Value.Text
        || value instanceof Value.Mapping
        || value instanceof Value.Undefined;
  }

  private static boolean isSame(Value value, Value other) {
    return value.getClass() == other.getClass() && value.equals(other);
  }

  private static BigInteger remainder(Value value, Value divisor) {
    @Nullable BigInteger remainder = Arithmetic.wholeOrNull(Arithmetic.modulo(value, divisor));
    return remainder == null ? BigInteger.TWO : remainder;
  }

  private static boolean hasCase(Value value, UnaryOperator<String> conversion) {
    return PythonText.hasCase(Writing.string(value), conversion);
  }
}
