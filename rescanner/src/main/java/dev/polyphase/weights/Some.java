package dev.polyphase.weights;

import java.util.Collection;
import java.util.stream.Collectors;

/** Lists for messages: of many things the first, and how many there are besides. */
final class Some {
  private static final int SHOWN = 5;

  private Some() {}

  /**
   * The first of some texts.
   *
   * @param kind what the others are, as {@code files}
   */
  static String of(Collection<String> texts, String kind) {
    String shown = texts.stream().limit(SHOWN).collect(Collectors.joining(", "));
    int more = texts.size() - SHOWN;
    return more > 0
        ? "%s and %s more %s".formatted(shown, SafetensorsHeader.count(more), kind)
        : shown;
  }

  /** The same of names, in quotes. */
  static String named(Collection<String> names, String kind) {
    return of(names.stream().map(name -> "'" + name + "'").toList(), kind);
  }
}
