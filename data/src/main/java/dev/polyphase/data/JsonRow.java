package dev.polyphase.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.BadRowException.Reason;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.JsonFault;
import java.io.CharConversionException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One row of a file of rows.
 *
 * @param place its file and line
 * @param fields what it holds
 */
public record JsonRow(Place place, ObjectNode fields) {

  /** A label that carries no loss. */
  public static final int NO_LOSS = -100;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  // The default limit of 20 million characters would refuse a long book.
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Python writes numbers so that JSON does not know.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  /**
   * Parses a row. Safe for several threads.
   *
   * @throws BadRowException if it is no JSON object, or one that has a key twice
   */
  public static JsonRow of(RawRow raw) throws IOException {
    Place place = raw.place();
    if (raw.wrong() != null) {
      throw new BadRowException(place, Reason.MALFORMED, raw.wrong());
    }
    @Nullable JsonNode row;
    boolean moreFollows;
    try (JsonParser json = JSON.createParser(raw.json())) {
      row = json.readValueAsTree();
      moreFollows = json.nextToken() != null;
    } catch (JsonProcessingException | CharConversionException e) {
      // The latter of bytes that the parser took for UTF-32.
      Problem fault =
          JsonFault.in(raw.json(), JSON.getFactory()).from(place, "row").problems().get(0);
      throw new BadRowException(
          fault.place() == null ? place : fault.place(), Reason.NOT_JSON, fault.sentence());
    }
    if (moreFollows || !(row instanceof ObjectNode fields)) {
      String found = row == null ? "nothing" : kind(row);
      throw new BadRowException(
          place,
          moreFollows ? Reason.NOT_JSON : Reason.NO_OBJECT,
          moreFollows
              ? "a row must be a JSON object on a line of its own, found %s and more after it"
                  .formatted(found)
              : "a row must be a JSON object, found " + found);
    }
    return new JsonRow(place, fields);
  }

  /** The text that some JSON is. */
  static String textOf(byte[] json) throws IOException {
    return JSON.readValue(json, String.class);
  }

  /** Whether the row has this key with a value that is not null. */
  public boolean has(String key) {
    return fields.hasNonNull(key);
  }

  /**
   * The text under a key.
   *
   * @throws BadRowException if it is missing, no string, or holds half a character
   */
  public String text(String key) {
    return text("\"" + key + "\"", present(key));
  }

  /** The text of a value of this row, which a message calls {@code name}. */
  String text(String name, JsonNode value) {
    if (!value.isTextual()) {
      throw wrong(Reason.TYPE, name + " must be a string, found " + kind(value));
    }
    String text = value.textValue();
    halfCharacter(name, value)
        .ifPresent(
            sentence -> {
              throw wrong(Reason.HALF_CHARACTER, sentence);
            });
    return text;
  }

  /**
   * A sentence on the first half of a character in the texts of a value, which no text that is
   * tokenised may hold; empty if all characters are whole.
   *
   * @param name what the sentence calls the value
   */
  public static Optional<String> halfCharacter(String name, JsonNode value) {
    if (value.isTextual()) {
      String text = value.textValue();
      int broken = indexOfUnpairedSurrogate(text);
      return broken < 0
          ? Optional.empty()
          : Optional.of(
              "%s holds half a character (the surrogate \\u%04x at index %d) and can't be encoded"
                  .formatted(name, (int) text.charAt(broken), broken));
    }
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      Optional<String> found = halfCharacter("\"" + entry.getKey() + "\"", entry.getValue());
      if (found.isPresent()) {
        return found;
      }
    }
    for (JsonNode item : value.isArray() ? value : List.<JsonNode>of()) {
      Optional<String> found = halfCharacter(name, item);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * The token ids under a key.
   *
   * @param vocabSize ids must be below it
   * @throws BadRowException if they are missing, no list of integers, or outside the vocabulary
   */
  public int[] ids(String key, int vocabSize) {
    return integers(key, vocabSize, false);
  }

  /**
   * The token ids of a completion under a key.
   *
   * @throws BadRowException as {@link #ids}, or if there are none
   */
  int[] completionIds(String key, int vocabSize) {
    int[] ids = ids(key, vocabSize);
    if (ids.length == 0) {
      throw wrong(Reason.EMPTY, "\"" + key + "\" is empty; a completion has at least one token");
    }
    return ids;
  }

  /**
   * The labels under a key: token ids, or {@link #NO_LOSS}.
   *
   * @throws BadRowException as {@link #ids}
   */
  public int[] labels(String key, int vocabSize) {
    return integers(key, vocabSize, true);
  }

  /**
   * The ids that a tokenizer made of this row, which may know more tokens than the model does.
   *
   * @throws BadRowException if one is outside the model's vocabulary
   */
  public int[] inVocabulary(int[] ids, int vocabSize) {
    for (int id : ids) {
      if (id >= vocabSize) {
        throw wrong(
            Reason.VOCABULARY,
            "the tokenizer makes the token %d of this row, and %d is the model's last; the tokenizer"
                    .formatted(id, vocabSize - 1)
                + " is not this model's, or the model's embeddings must grow");
      }
    }
    return ids;
  }

  /** That this row is wrong. */
  public BadRowException wrong(Reason reason, String sentence) {
    return new BadRowException(place, reason, sentence);
  }

  private int[] integers(String key, int vocabSize, boolean labels) {
    JsonNode list = present(key);
    if (!list.isArray()) {
      throw wrong(Reason.TYPE, "\"" + key + "\" must be a list of token ids, found " + kind(list));
    }
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode value = list.get(i);
      if (!isId(value, vocabSize) && !(labels && isNoLoss(value))) {
        throw wrong(
            isInt(value) ? Reason.VOCABULARY : Reason.TYPE,
            "%s[%d] is %s, and must be an integer from 0 to %d, the model's last token%s"
                .formatted(
                    key,
                    i,
                    value.isContainerNode() ? kind(value) : value,
                    vocabSize - 1,
                    labels ? ", or " + NO_LOSS + " for no loss" : ""));
      }
      ids[i] = value.intValue();
    }
    return ids;
  }

  private static boolean isId(JsonNode value, int vocabSize) {
    return isInt(value) && value.intValue() >= 0 && value.intValue() < vocabSize;
  }

  private static boolean isNoLoss(JsonNode value) {
    return isInt(value) && value.intValue() == NO_LOSS;
  }

  private static boolean isInt(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt();
  }

  private JsonNode present(String key) {
    @Nullable JsonNode value = fields.get(key);
    if (value == null) {
      throw wrong(Reason.COLUMN_MISSING, "\"" + key + "\" is missing");
    }
    return value;
  }

  /** What a value is, in the words of a message. */
  static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "a list";
      case OBJECT -> "an object";
      case STRING -> "a string";
      case NUMBER -> "the number " + value;
      case BOOLEAN, NULL -> value.toString();
      case BINARY, MISSING, POJO -> throw new AssertionError(value.getNodeType());
    };
  }

  private static int indexOfUnpairedSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        return i;
      }
    }
    return -1;
  }
}
