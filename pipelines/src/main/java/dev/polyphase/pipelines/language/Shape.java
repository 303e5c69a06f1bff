package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.Warmup;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** How values of one Java type are a mapping of keys, or some of its keys. */
interface Shape<T> {
  /** Alternatives, each a record of its own, that a file tells apart by what it says. */
  Map<Class<?>, Supplier<Shape<?>>> OF_ALTERNATIVES =
      Map.of(
          Targeting.class, () -> TargetingKeys.SHAPE,
          LrScheduler.class, () -> LrSchedulerKeys.SHAPE,
          Warmup.class, () -> WarmupKeys.SHAPE);

  /** All its keys, in the order in which they are written. */
  List<DeclaredKey<?>> keys();

  /** Reads its keys; problems are reported. */
  T read(Block block);

  /** Adds what it holds. */
  void write(T value, Map<String, Object> into);

  /** The shape of a record whose components declare keys, or of one of the alternatives. */
  @SuppressWarnings("unchecked") // both are those of the class
  static <T> Shape<T> of(Class<T> type) {
    Supplier<Shape<?>> alternatives = OF_ALTERNATIVES.get(type);
    return alternatives == null ? new RecordShape<>(type) : (Shape<T>) alternatives.get();
  }

  /**
   * The shape of alternatives.
   *
   * @param keys a record of all their keys
   * @param reader makes one of them of the keys, and checks what these say together
   * @param writer adds what one of them holds
   */
  static <T, K> Shape<T> of(
      Class<K> keys, BiFunction<K, Block, T> reader, BiConsumer<T, Map<String, Object>> writer) {
    Shape<K> declared = new RecordShape<>(keys);
    return new Shape<>() {
      @Override
      public List<DeclaredKey<?>> keys() {
        return declared.keys();
      }

      @Override
      public T read(Block block) {
        return reader.apply(declared.read(block), block);
      }

      @Override
      public void write(T value, Map<String, Object> into) {
        writer.accept(value, into);
      }
    };
  }
}
