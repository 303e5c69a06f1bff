package dev.polyphase.jinja;

import java.util.List;

/** What a value is assigned to. */
sealed interface Target {

  /** Assigns the value in a scope. */
  void assign(Value value, Scope scope);

  /** {@code name}. */
  record Name(String name) implements Target {
    @Override
    public void assign(Value value, Scope scope) {
      scope.set(name, value);
    }
  }

  /** {@code namespace.attribute}. */
  record Attribute(Position at, String namespace, String attribute) implements Target {
    @Override
    public void assign(Value value, Scope scope) {
      scope.run().at(at);
      if (!(scope.get(namespace) instanceof Namespace changed)) {
        throw new Fault("can't set an attribute of '" + namespace + "', which is no namespace");
      }
      changed.set(attribute, value);
    }
  }

  /** {@code a, b}: one value for each. */
  record Several(Position at, List<Target> targets) implements Target {
    @Override
    public void assign(Value value, Scope scope) {
      scope.run().at(at);
      List<Value> values = Subscripts.elements(value);
      if (values.size() != targets.size()) {
        throw new Fault(
            "%d values can't be unpacked into %d variables"
                .formatted(values.size(), targets.size()));
      }
      for (int i = 0; i < values.size(); i++) {
        targets.get(i).assign(values.get(i), scope);
      }
    }
  }
}
