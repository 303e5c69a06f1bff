package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Expressions that call something: a function, a filter, a test. */
final class Invocations {
  private Invocations() {}

  /**
   * The arguments as they are written.
   *
   * @param more {@code *more}: further values without names; null for none
   * @param moreNamed {@code **more}: further values with names; null for none
   */
  record Passed(
      List<Expression> positional,
      Map<String, Expression> named,
      @Nullable Expression more,
      @Nullable Expression moreNamed) {
    static final Passed NOTHING = new Passed(List.of(), Map.of(), null, null);

    Arguments evaluate(Scope scope) {
      List<Value> values = new ArrayList<>();
      for (Expression each : positional) {
        values.add(each.evaluate(scope));
      }
      if (more != null) {
        values.addAll(Subscripts.elements(more.evaluate(scope)));
      }
      if (named.isEmpty() && moreNamed == null) {
        return new Arguments(values, Map.of());
      }
      Map<String, Value> namedValues = new LinkedHashMap<>();
      named.forEach((name, each) -> namedValues.put(name, each.evaluate(scope)));
      if (moreNamed != null) {
        addNamed(moreNamed.evaluate(scope), namedValues);
      }
      return new Arguments(values, namedValues);
    }

    private static void addNamed(Value more, Map<String, Value> named) {
      if (!(more instanceof Value.Mapping mapping)) {
        throw new Fault("an argument after ** must be a dict, found " + more.typeName());
      }
      for (Map.Entry<Value, Value> entry : mapping.all().entrySet()) {
        if (!(entry.getKey() instanceof Value.Text name)) {
          throw new Fault("the keys of an argument after ** must be strings");
        }
        if (named.put(name.value(), entry.getValue()) != null) {
          throw new Fault("the argument '" + name.value() + "' is given twice");
        }
      }
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
      Arguments arguments = new Arguments(written.positional(), named);
      if (called instanceof Loop loop) {
        return loop.call(arguments);
      }
      if (!(called instanceof Value.Function body)) {
        throw new Fault("'" + called.typeName() + " object' is not callable");
      }
      return body.body().call(arguments, scope.run());
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
