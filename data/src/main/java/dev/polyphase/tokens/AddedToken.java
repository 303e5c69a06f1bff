package dev.polyphase.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A token that is found in a text before anything else is done with it, as {@code tokenizer.json}
 * and {@code tokenizer_config.json} write it.
 *
 * @param content its text
 * @param singleWord whether it must stand between word boundaries
 * @param lstrip whether it takes the white space before it along
 * @param rstrip whether it takes the white space after it along
 * @param normalized whether it is looked for in the normalised text
 * @param special whether it is no part of what a text says
 */
record AddedToken(
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /** A special token of which nothing but its text is known. */
  static AddedToken special(String content) {
    return new AddedToken(content, false, false, false, false, true);
  }

  /** An ordinary token of which nothing but its text is known. */
  static AddedToken ordinary(String content) {
    return new AddedToken(content, false, false, false, true, false);
  }

  /**
   * A token as its settings, which hold its text as {@code content}; what is not there has the
   * default of the tokenizers library.
   */
  static AddedToken of(JsonNode settings) {
    boolean special = settings.path("special").asBoolean(false);
    return new AddedToken(
        settings.path("content").asText(),
        settings.path("single_word").asBoolean(false),
        settings.path("lstrip").asBoolean(false),
        settings.path("rstrip").asBoolean(false),
        settings.path("normalized").asBoolean(!special),
        special);
  }

  /** The same, as a special token. */
  AddedToken asSpecial() {
    return new AddedToken(content, singleWord, lstrip, rstrip, normalized, true);
  }

  /** An ordinary token that a text is searched for as it stands. */
  static AddedToken exact(String content) {
    return new AddedToken(content, false, false, false, false, false);
  }

  /** Its settings, as an entry of {@code added_tokens_decoder} has them. */
  ObjectNode settings() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("content", content)
        .put("lstrip", lstrip)
        .put("normalized", normalized)
        .put("rstrip", rstrip)
        .put("single_word", singleWord)
        .put("special", special);
  }

  /**
   * An entry of the {@code added_tokens} of a {@code tokenizer.json}.
   *
   * @param id what it should be; the library gives the next free one, whatever stands here
   */
  ObjectNode entry(int id) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", singleWord)
        .put("lstrip", lstrip)
        .put("rstrip", rstrip)
        .put("normalized", normalized)
        .put("special", special);
  }
}
