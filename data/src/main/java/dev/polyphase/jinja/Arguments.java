package dev.polyphase.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a call passes.
 *
 * @param positional values without names
 * @param named values with names
 */
record Arguments(List<Value> positional, Map<String, Value> named) {

  /** These values, none named. */
  static Arguments of(Value... positional) {
    return new Arguments(List.of(positional), Map.of());
  }

  /** All but the first values without names. */
  Arguments after(int count) {
    return new Arguments(positional.subList(count, positional.size()), named);
  }

  /**
   * The values by the names of the parameters they are for.
   *
   * @param function the function, for messages
   * @param parameters their names in order
   * @throws Fault if there is a value too many or one for no parameter
   */
  Bound bind(String function, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new Fault(
          "%s takes at most %d arguments, found %d"
              .formatted(function, parameters.length, positional.size()));
    }
    Map<String, Value> unbound = new LinkedHashMap<>(named);
    Map<String, Value> bound = new HashMap<>();
    for (int i = 0; i < parameters.length; i++) {
      @Nullable Value value = unbound.remove(parameters[i]);
      if (i < positional.size()) {
        if (value != null) {
          throw new Fault(function + " got its argument '" + parameters[i] + "' twice");
        }
        value = positional.get(i);
      }
      if (value != null) {
        bound.put(parameters[i], value);
      }
    }
    for (String unknown : unbound.keySet()) {
      throw new Fault(function + " has no argument '" + unknown + "'");
    }
    return new Bound(function, bound);
  }

  /**
   * Values by the names of their parameters.
   *
   * @param function the function, for messages
   * @param values those that were passed
   */
  record Bound(String function, Map<String, Value> values) {

    boolean has(String parameter) {
      return values.containsKey(parameter);
    }

    Value value(String parameter, Value otherwise) {
      return values.getOrDefault(parameter, otherwise);
    }

    Value required(String parameter) {
      @Nullable Value value = values.get(parameter);
      if (value == null) {
        throw new Fault(function + " needs its argument '" + parameter + "'");
      }
      return value;
    }

    String requiredText(String parameter) {
      return requiredTextValue(parameter).value();
    }

    Value.Text requiredTextValue(String parameter) {
      return text(parameter, required(parameter));
    }

    String text(String parameter, String otherwise) {
      return text(parameter, value(parameter, Value.text(otherwise))).value();
    }

    boolean flag(String parameter) {
      return value(parameter, Value.bool(false)).truthy();
    }

    int whole(String parameter, int otherwise) {
      Value value = value(parameter, Value.whole(otherwise));
      @Nullable BigInteger whole = Arithmetic.wholeOrNull(value);
      if (whole == null || whole.bitLength() > 31) {
        throw wrongType(parameter, "an int", value);
      }
      return whole.intValue();
    }

    private Value.Text text(String parameter, Value value) {
      if (value instanceof Value.Text text) {
        return text;
      }
      throw wrongType(parameter, "a string", value);
    }

    private Fault wrongType(String parameter, String wanted, Value value) {
      return value instanceof Value.Undefined undefined
          ? undefined.fault()
          : new Fault(
              "the argument '%s' of %s must be %s, found %s"
                  .formatted(parameter, function, wanted, value.typeName()));
    }
  }
}
