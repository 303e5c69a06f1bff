package dev.polyphase.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Expressions that call something: a function, a filter, a test. */
final class Invocations {
  private Invocations() {}

  /** The arguments as they are written. */
  record Passed(List<Expression> positional, Map<String, Expression> named) {
    static final Passed NOTHING = new Passed(List.of(), Map.of());

    Arguments evaluate(Scope scope) {
      Map<String, Value> namedValues = new LinkedHashMap<>();
      List<Value> values = positional.stream().map(each -> each.evaluate(scope)).toList();
      named.forEach((name, each) -> namedValues.put(name, each.evaluate(scope)));
      return new Arguments(values, namedValues);
    }
  }

  /** {@code function(arguments)}. */
  record Call(Position at, Expression function, Passed passed) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      return evaluate(scope, Map.of());
    }

    /** Calls with arguments beside those that are written, as {@code caller}. */
    Value evaluate(Scope scope, Map<String, Value> more) {
      Value called = function.evaluate(scope);
      Arguments written = passed.evaluate(scope);
      Map<String, Value> named = new LinkedHashMap<>(written.named());
      named.putAll(more);
      scope.run().at(at);
      if (called instanceof Value.Undefined undefined) {
        throw undefined.fault();
      }
      if (!(called instanceof Value.Function body)) {
        throw new Fault("'" + called.typeName() + " object' is not callable");
      }
      return body.body().call(new Arguments(written.positional(), named), scope.run());
    }
  }

  /** {@code input|filter(arguments)}. */
  record FilterCall(Position at, Expression input, String name, Passed passed)
      implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = input.evaluate(scope);
      Arguments arguments = passed.evaluate(scope);
      scope.run().at(at);
      return Filters.named(name).apply(value, arguments);
    }
  }

  /** {@code input is test(arguments)}. */
  record TestCall(Position at, Expression input, String name, Passed passed) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = input.evaluate(scope);
      Arguments arguments = passed.evaluate(scope);
      scope.run().at(at);
      return Value.bool(Tests.named(name).holds(value, arguments));
    }
  }
}
