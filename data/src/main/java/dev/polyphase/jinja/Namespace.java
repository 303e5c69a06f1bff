package dev.polyphase.jinja;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code namespace(...)}: attributes that {@code set} can change from within a loop. */
final class Namespace implements Value {
  private final Map<String, Value> attributes = new LinkedHashMap<>();

  Value get(String name) {
    @Nullable Value value = attributes.get(name);
    return value == null ? new Undefined("the namespace has no attribute '" + name + "'") : value;
  }

  Collection<Value> values() {
    return attributes.values();
  }

  void set(String name, Value value) {
    attributes.put(name, value);
  }

  @Override
  public boolean truthy() {
    return true;
  }

  @Override
  public String typeName() {
    return "Namespace";
  }
}
