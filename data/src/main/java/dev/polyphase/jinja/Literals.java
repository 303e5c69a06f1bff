package dev.polyphase.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Expressions that write a value out. */
final class Literals {
  private Literals() {}

  /** A string, a number, true, false or none. */
  record Constant(Value value) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      return value;
    }
  }

  /** {@code [a, b]} or {@code (a, b)}. */
  record SeriesOf(Value.Series.Kind kind, List<Expression> items) implements Expression {
    @Override
    public Value evaluate(Scope scope) {
      return new Value.Series(kind, items.stream().map(item -> item.evaluate(scope)).toList());
    }
  }

  /** {@code {a: b}}. */
  record MappingOf(List<Entry> entries) implements Expression {
    /** A key and its value. */
    record Entry(Expression key, Expression value) {}

    @Override
    public Value evaluate(Scope scope) {
      Map<Value, Value> values = new LinkedHashMap<>();
      for (Entry entry : entries) {
        Value key = Comparison.requireHashable(entry.key().evaluate(scope));
        Comparison.payForKey(key);
        values.put(key, entry.value().evaluate(scope));
      }
      return new Value.Mapping(values);
    }
  }
}
