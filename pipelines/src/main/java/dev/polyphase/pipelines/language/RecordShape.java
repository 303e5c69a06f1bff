package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The shape of a record whose components declare keys, or are records of further keys. */
final class RecordShape<T> implements Shape<T> {
  /** A component: one key or several. */
  private sealed interface Part<V> {
    V read(Block block);

    void write(V value, Map<String, Object> into);
  }

  private record OneKey<V>(DeclaredKey<V> key) implements Part<V> {
    @Override
    public V read(Block block) {
      return key.read(block);
    }

    @Override
    public void write(V value, Map<String, Object> into) {
      Object written = key.write(value);
      if (written != null && key.isSpelledOut(value)) {
        into.put(key.name(), written);
      }
    }
  }

  private record Group<V>(Shape<V> shape) implements Part<V> {
    @Override
    public V read(Block block) {
      return shape.read(block);
    }

    @Override
    public void write(V value, Map<String, Object> into) {
      shape.write(value, into);
    }
  }

  private record OptionalGroup<V>(Shape<V> shape) implements Part<Optional<V>> {
    @Override
    public Optional<V> read(Block block) {
      List<DeclaredKey<?>> needed = shape.keys().stream().filter(DeclaredKey::required).toList();
      if (needed.stream().allMatch(key -> block.holds(key.name()))) {
        return Optional.of(shape.read(block));
      }
      shape.keys().stream()
          .filter(key -> block.holds(key.name()))
          .forEach(key -> key.read(block)); // for their problems
      return Optional.empty();
    }

    @Override
    public void write(Optional<V> value, Map<String, Object> into) {
      value.ifPresent(present -> shape.write(present, into));
    }
  }

  private final Class<T> type;
  private final Map<RecordComponent, Part<?>> parts = new LinkedHashMap<>();
  private final List<DeclaredKey<?>> keys;

  RecordShape(Class<T> type) {
    this.type = type;
    for (RecordComponent component : type.getRecordComponents()) {
      component.getAccessor().setAccessible(true); // also those of records that few may see
      parts.put(component, part(component));
    }
    this.keys = inWrittenOrder(declared());
  }

  private static Part<?> part(RecordComponent component) {
    Key key = component.getAnnotation(Key.class);
    if (key != null) {
      String name = key.name().isEmpty() ? snakeCase(component.getName()) : key.name();
      return new OneKey<>(
          DeclaredKey.of(name, key, ValueTypes.of(component.getGenericType(), key)));
    }
    return component.getType() == Optional.class
        ? new OptionalGroup<>(Shape.of(argument(component)))
        : new Group<>(Shape.of(component.getType()));
  }

  private static Class<?> argument(RecordComponent component) {
    return (Class<?>) ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
  }

  /** {@code maxGradNorm} is {@code max_grad_norm}. */
  private static String snakeCase(String camelCase) {
    return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  /** All keys in the order of components. */
  private List<DeclaredKey<?>> declared() {
    List<DeclaredKey<?>> declared = new ArrayList<>();
    for (Part<?> part : parts.values()) {
      if (part instanceof OneKey<?> one) {
        declared.add(one.key());
      } else if (part instanceof Group<?> group) {
        declared.addAll(group.shape().keys());
      } else if (part instanceof OptionalGroup<?> group) {
        group.shape().keys().forEach(key -> declared.add(key.ofOptional()));
      }
    }
    return declared;
  }

  /** Each key that says so behind the one it names, where that is one of them. */
  private static List<DeclaredKey<?>> inWrittenOrder(List<DeclaredKey<?>> declared) {
    List<String> names = declared.stream().map(DeclaredKey::name).toList();
    List<DeclaredKey<?>> ordered = new ArrayList<>();
    List<DeclaredKey<?>> moved = new ArrayList<>();
    for (DeclaredKey<?> key : declared) {
      (names.contains(key.key().after()) ? moved : ordered).add(key);
    }
    while (!moved.isEmpty()) { // the one before it may be moved itself
      if (!moved.removeIf(key -> isPlaced(key, ordered))) {
        throw new IllegalStateException("keys that are each written after another: " + moved);
      }
    }
    return List.copyOf(ordered);
  }

  private static boolean isPlaced(DeclaredKey<?> key, List<DeclaredKey<?>> ordered) {
    int before = ordered.stream().map(DeclaredKey::name).toList().indexOf(key.key().after());
    if (before < 0) {
      return false;
    }
    ordered.add(before + 1, key);
    return true;
  }

  @Override
  public List<DeclaredKey<?>> keys() {
    return keys;
  }

  @Override
  public T read(Block block) {
    Object[] values = parts.values().stream().map(part -> part.read(block)).toArray();
    try {
      Class<?>[] types =
          Arrays.stream(type.getRecordComponents())
              .map(RecordComponent::getType)
              .toArray(Class<?>[]::new);
      Constructor<T> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return Rules.apply(type, constructor.newInstance(values), block);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " can't be made of its keys", e);
    }
  }

  @Override
  public void write(T value, Map<String, Object> into) {
    Map<String, Object> written = new LinkedHashMap<>();
    parts.forEach((component, part) -> write(part, component, value, written));
    for (DeclaredKey<?> key : keys) {
      if (written.containsKey(key.name()) && key.isForPhaseOf(written)) {
        into.put(key.name(), written.get(key.name()));
      }
    }
  }

  @SuppressWarnings("unchecked") // a component holds what its part reads
  private static <V> void write(
      Part<V> part, RecordComponent component, Object holder, Map<String, Object> into) {
    try {
      part.write((V) component.getAccessor().invoke(holder), into);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component + " can't be read", e);
    }
  }
}
