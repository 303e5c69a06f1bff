package dev.polyphase.phases.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The special tokens that a {@code tokenizer_config.json} names, for templates to use. */
final class SpecialTokens {
  private static final List<String> NAMES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private SpecialTokens() {}

  /** Their texts by name, those alone that are there. */
  static ObjectNode in(JsonNode tokenizerConfig) {
    ObjectNode tokens = JsonNodeFactory.instance.objectNode();
    for (String name : NAMES) {
      JsonNode token = tokenizerConfig.path(name);
      // A token is written as its text or, with its settings, as an object that holds it.
      JsonNode text = token.isObject() ? token.path("content") : token;
      if (text.isTextual()) {
        tokens.set(name, text);
      }
    }
    return tokens;
  }
}
