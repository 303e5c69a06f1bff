package dev.polyphase.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * What a {@code tokenizer.json} says beside its vocabulary, looked at before the tokenizers library
 * sees it: the library takes some of it on trust and ends the process where the trust was
 * misplaced. What it refuses itself is left to it.
 */
final class TokenizerParts {
  /** A twentieth of what Oniguruma takes: a normaliser may lengthen what is given. */
  private static final int MOST_TRIES = 500_000;

  /** The same where each place of it may be begun at anew. */
  private static final int MOST_TRIES_ANEW = 20_000;

  /** By what all normalisers together may lengthen a text. */
  private static final double MOST_GROWTH = 1000;

  /** What takes white space alone. */
  private static final Pattern WHITE_SPACE =
      Pattern.compile(
          "\\\\[srnt]|[ \\r\\n\\t]|\\((?:\\?:)?\\\\r\\?\\\\n\\)|\\[(?:\\\\[srnt]|[ \\r\\n\\t])+\\]");

  /** Sets of letters, marks, numbers and signs, as published patterns repeat them. */
  private static final Pattern NO_WHITE_SPACE =
      Pattern.compile(
          "\\\\p\\{[LMNPS][a-z]?\\}|\\(?(?:\\?:)?\\\\[dw](?:\\{\\d+\\})?\\)?|\\[(?:\\\\p\\{[LMNPS][a-z]?\\}|[A-Za-z0-9])+(?:&&\\[\\^[^\\[\\]]*\\])?\\]");

  /** What {@code ByteLevel} cuts by, unless it is told not to. */
  private static final String OF_BYTE_LEVEL =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  private static final int MOST_NESTED = 100;
  private static final int MOST_CHARS_PER_WORD = 10_000;

  private final Path file;
  private double growth = 1;
  private int whiteRun = Integer.MAX_VALUE;
  private int otherRun = Integer.MAX_VALUE;
  private int wholeText = Integer.MAX_VALUE;

  private String modelType = "";
  private String prefix = "";
  private boolean hasMerges;

  TokenizerParts(Path file) {
    this.file = file;
  }

  /** The bounds of what may be tokenised. */
  TextBounds bounds() {
    return new TextBounds(
        (int) (whiteRun / growth), (int) (otherRun / growth), (int) (wholeText / growth));
  }

  /**
   * Looks at a part other than the model.
   *
   * @throws InputException if the library could not live with it
   */
  void take(String name, JsonNode part) {
    look(name, part, 0);
    if (growth > MOST_GROWTH) {
      throw wrong(name, "lengthens a text more than 1,000 times");
    }
  }

  private void look(String name, JsonNode part, int depth) {
    if (depth > MOST_NESTED) {
      throw wrong(name, "nests more than %d deep".formatted(MOST_NESTED));
    }
    if (part.isNumber() && !Double.isFinite(part.doubleValue())) {
      throw wrong(name, "has a number that is out of range");
    }
    if (part.isTextual() && !UTF_8.newEncoder().canEncode(part.textValue())) {
      throw wrong(name, "has a text with half a character");
    }
    boolean empty = part.path("pattern").path("String").asText("x").isEmpty();
    JsonNode regex = part.path("pattern").path("Regex");
    if (regex.isTextual()) {
      empty = takePattern(name, regex.textValue()).empty();
    }
    switch (part.path("type").asText()) {
      case "Precompiled" -> takeCharsmap(name, part.path("precompiled_charsmap"));
      case "ByteLevel" -> {
        if (part.path("use_regex").asBoolean(true)) {
          takePattern(name, OF_BYTE_LEVEL);
        }
      }
      case "Replace" -> {
        if (empty) {
          throw wrong(name, "replaces what has no characters");
        }
        grow(replaceGrowth(part));
      }
      case "Prepend" -> {
        if (part.path("prepend").asText("x").isEmpty()) {
          throw wrong(name, "prepends a text without characters");
        }
      }
      case "FixedLength" -> {
        if (part.path("length").asLong(1) < 1) {
          throw wrong(name, "cuts a text into pieces of length 0");
        }
      }
      case "TemplateProcessing" -> {
        takeTemplate(name, part, "single", false);
        takeTemplate(name, part, "pair", true);
      }
      default -> {}
    }
    for (JsonNode inner : part) {
      look(name, inner, depth + 1);
    }
  }

  private TokenPattern takePattern(String name, String regex) {
    TokenPattern pattern;
    try {
      pattern = TokenPattern.of(regex);
    } catch (IllegalArgumentException e) {
      throw wrong(name, "has the pattern %s, and %s".formatted(shown(regex), e.getMessage()));
    }
    int tries = pattern.quadratic() ? MOST_TRIES_ANEW : MOST_TRIES;
    int bound = (int) (tries / pattern.choices());
    for (String loop : pattern.loops()) {
      if (WHITE_SPACE.matcher(loop).matches()) {
        whiteRun = Math.min(whiteRun, bound);
      } else if (NO_WHITE_SPACE.matcher(loop).matches()) {
        otherRun = Math.min(otherRun, bound);
      } else {
        wholeText = Math.min(wholeText, bound);
      }
    }
    return pattern;
  }

  private void takeCharsmap(String name, JsonNode charsmap) {
    if (!charsmap.isTextual()) {
      throw wrong(name, "is Precompiled and has no \"precompiled_charsmap\"");
    }
    try {
      grow(Math.max(1, Charsmap.longestReplacement(charsmap.textValue()) / 3.0));
    } catch (IllegalArgumentException e) {
      throw wrong(
          name, "has a \"precompiled_charsmap\" that is damaged (%s)".formatted(e.getMessage()));
    }
  }

  private void grow(double factor) {
    growth *= factor;
  }

  private static double replaceGrowth(JsonNode replace) {
    int made = bytes(replace.path("content").asText());
    JsonNode literal = replace.path("pattern").path("String");
    if (literal.isTextual() && !literal.textValue().isEmpty()) {
      // The white space of one place of a text is counted in characters.
      double chars = replace.path("content").asText().length();
      return Math.max(1, chars / literal.textValue().length());
    }
    return 1.0 + made;
  }

  private static int bytes(String text) {
    return text.getBytes(UTF_8).length;
  }

  private void takeTemplate(String name, JsonNode processor, String key, boolean pair) {
    for (JsonNode piece : processor.path(key)) {
      JsonNode token = piece.path("SpecialToken").path("id");
      JsonNode ids = processor.path("special_tokens").path(token.asText()).path("ids");
      if (token.isTextual() && !ids.isArray()) {
        throw wrong(
            name,
            "puts %s into texts, which its \"special_tokens\" do not have"
                .formatted(shown(token.textValue())));
      }
      if (!pair && piece.path("Sequence").path("id").asText().equals("B")) {
        throw wrong(name, "puts a second text into single ones");
      }
    }
  }

  /**
   * Goes through the model, whose object the parser is in.
   *
   * @throws InputException if the library could not live with it
   */
  void takeModel(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      JsonToken value = json.nextToken();
      switch (key) {
        case "vocab" -> takeVocabulary(json);
        case "continuing_subword_prefix" ->
            prefix = value == JsonToken.VALUE_STRING ? json.getText() : "";
        case "type" -> modelType = value == JsonToken.VALUE_STRING ? json.getText() : "";
        case "merges" -> {
          hasMerges = true;
          json.skipChildren();
        }
        case "max_input_chars_per_word" -> {
          if (value.isNumeric() && json.getValueAsDouble() > MOST_CHARS_PER_WORD) {
            throw wrong(
                "model",
                "looks for words of up to %s characters, and at most %,d can be"
                    .formatted(json.getText(), MOST_CHARS_PER_WORD));
          }
        }
        default -> json.skipChildren();
      }
    }
    if (!prefix.isEmpty() && !modelType.equals("WordPiece") && hasMerges) {
      throw wrong(
          "model",
          "has merges and \"continuing_subword_prefix\": %s, which can't be read together"
              .formatted(shown(prefix)));
    }
  }

  private void takeVocabulary(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      json.skipChildren();
      return;
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String token = json.currentName();
      JsonToken value = json.nextToken();
      if (value == JsonToken.VALUE_NUMBER_INT && json.getLongValue() > Integer.MAX_VALUE - 1) {
        throw wrong(
            "model",
            "gives %s the id %s, which is more than a vocabulary can have"
                .formatted(shown(token), json.getText()));
      }
      json.skipChildren();
    }
  }

  private InputException wrong(String name, String sentence) {
    return new InputException(
        Place.in(file.toString()),
        "\"%s\" %s; take the model's own file".formatted(name, sentence));
  }

  private static String shown(String text) {
    return "'" + (text.length() <= 200 ? text : text.substring(0, 200) + "...") + "'";
  }
}
