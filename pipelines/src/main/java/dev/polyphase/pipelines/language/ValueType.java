package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.yaml.Node;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How the values of one Java type stand in a pipeline file. */
interface ValueType<T> {
  /** What they look like: one of these. */
  List<Form> forms();

  /** What a message asks for where there is none. */
  String wanted();

  /** Whether a key of it must be given, unless it has a default. */
  default boolean required() {
    return true;
  }

  /** The value that a key holds; where it is none that is a problem, and something stands in. */
  T read(String key, Node node, Block block, Supplier<T> standIn);

  /** What a key holds that is not given and has no default; that may be a problem. */
  default T absent(String key, Block block) {
    if (required()) {
      block.refuseMissing(key, wanted());
    }
    return standIn();
  }

  /** Stands for what is missing or wrong. */
  T standIn();

  /** What is written of a value; null for nothing. */
  @Nullable Object write(T value);
}
