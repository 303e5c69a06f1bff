package dev.polyphase.chat;

import dev.polyphase.chat.RenderedChat.Part;
import dev.polyphase.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tokens that a tokenizer finds before anything else, as they stand in a text. */
final class SpecialTokens {
  /** What no one writes but as a token. */
  private static final Pattern MARKER =
      Pattern.compile("<[|\uff5c][^<>|\uff5c\\s]{1,60}[|\uff5c]>");

  private final Tokenizer tokenizer;
  private final Map<Character, List<String>> special;
  private final Map<Character, List<String>> others;

  SpecialTokens(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.special = byFirst(tokenizer.addedTokens(true));
    this.others = byFirst(tokenizer.addedTokens(false));
  }

  private static Map<Character, List<String>> byFirst(Collection<String> texts) {
    Map<Character, List<String>> byFirst = new HashMap<>();
    texts.stream()
        .filter(text -> !text.isBlank())
        .sorted(Comparator.comparing(String::length).reversed())
        .forEach(
            text -> byFirst.computeIfAbsent(text.charAt(0), first -> new ArrayList<>()).add(text));
    return byFirst;
  }

  /** The special tokens within a text, in order. */
  List<Part> in(String text) {
    return in(text, special);
  }

  /** The other tokens within a text that were added to the vocabulary, in order. */
  List<Part> othersIn(String text) {
    return in(text, others);
  }

  private static List<Part> in(String text, Map<Character, List<String>> byFirst) {
    List<Part> found = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int start = at;
      Optional<String> here =
          byFirst.getOrDefault(text.charAt(at), List.of()).stream()
              .filter(token -> text.startsWith(token, start))
              .findFirst();
      here.ifPresent(token -> found.add(new Part(start, start + token.length())));
      at += here.map(String::length).orElse(1);
    }
    return found;
  }

  /** What stands in a text as if it were a token, and is none of the tokenizer's. */
  Optional<String> missingIn(String text) {
    Matcher markers = MARKER.matcher(text);
    while (markers.find()) {
      if (tokenizer.idOf(markers.group()).isEmpty()) {
        return Optional.of(markers.group());
      }
    }
    return Optional.empty();
  }
}
