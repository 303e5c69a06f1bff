package dev.polyphase.jinja;

import org.jspecify.annotations.Nullable;

/** Expressions that find a value: a variable, an attribute, an element, a part. */
final class Lookups {
  private Lookups() {}

  /** {@code name}. */
  record Name(String name) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      return scope.get(name);
    }
  }

  /** {@code object.name}. */
  record Attribute(Position at, Expression object, String name) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = object.evaluate(scope);
      scope.run().at(at);
      return Attributes.of(value, name);
    }
  }

  /** {@code object[key]}. */
  record Item(Position at, Expression object, Expression key) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = object.evaluate(scope);
      Value wanted = key.evaluate(scope);
      scope.run().at(at);
      return Subscripts.item(value, wanted);
    }
  }

  /** {@code object[start:stop:step]}; what is left out is null. */
  record Slice(
      Position at,
      Expression object,
      @Nullable Expression start,
      @Nullable Expression stop,
      @Nullable Expression step)
      implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      Value value = object.evaluate(scope);
      Value from = bound(start, scope);
      Value to = bound(stop, scope);
      Value by = bound(step, scope);
      scope.run().at(at);
      return Subscripts.slice(value, from, to, by);
    }

    private static Value bound(@Nullable Expression bound, Scope scope) {
      return bound == null ? Value.None.NONE : bound.evaluate(scope);
    }
  }
}
