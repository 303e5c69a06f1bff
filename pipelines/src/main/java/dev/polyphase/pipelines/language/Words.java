package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Word;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How an enum's constants are written in a pipeline. */
final class Words {
  private Words() {}

  /** The word of a constant. */
  static String of(Enum<?> constant) {
    return all(constant).get(0);
  }

  /** The words of all constants. */
  static List<String> of(Class<? extends Enum<?>> type) {
    return Arrays.stream(type.getEnumConstants())
        .flatMap(constant -> all(constant).stream())
        .toList();
  }

  /** The constant that a word is for. */
  static <E extends Enum<?>> Optional<E> constant(Class<E> type, String word) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> all(constant).contains(word))
        .findFirst();
  }

  private static List<String> all(Enum<?> constant) {
    Word word;
    try {
      word = constant.getDeclaringClass().getField(constant.name()).getAnnotation(Word.class);
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
    return word == null ? List.of(constant.name().toLowerCase(Locale.ROOT)) : List.of(word.value());
  }
}
