package dev.polyphase.jinja;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Variables, and those of the scopes around them. */
final class Scope {
  private final Run run;
  private final @Nullable Scope outer;
  private final Map<String, Value> variables = new HashMap<>();

  /** The outermost scope. */
  Scope(Run run, Map<String, Value> variables) {
    this.run = run;
    this.outer = null;
    this.variables.putAll(variables);
  }

  private Scope(Scope outer) {
    Budget.made(200);
    Budget.work(150);
    this.run = outer.run;
    this.outer = outer;
  }

  /** A scope that sees this one's variables and hides its own from it. */
  Scope inner() {
    return new Scope(this);
  }

  Run run() {
    return run;
  }

  @Nullable Scope outer() {
    return outer;
  }

  Collection<Value> values() {
    return variables.values();
  }

  /** The variable in the nearest scope that has it. */
  Value get(String name) {
    Budget.work(20);
    for (Scope scope = this; scope != null; scope = scope.outer) {
      @Nullable Value value = scope.variables.get(name);
      if (value != null) {
        if (scope.outer == null && value.source() != null) {
          value.source().ask();
        }
        return value;
      }
    }
    return new Value.Undefined("'" + name + "' is undefined");
  }

  /** Sets a variable of this scope. */
  void set(String name, Value value) {
    variables.put(name, value);
  }
}
