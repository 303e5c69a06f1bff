package dev.polyphase.phases.tokens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Finds a model's end-of-sequence token in the files of its folder. */
final class EndOfSequence {

  /** Names are not remembered: a vocabulary has hundreds of thousands, each of them once. */
  private static final JsonMapper JSON =
      new JsonMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build());

  private EndOfSequence() {}

  /**
   * The token's id; empty if no file names one.
   *
   * @throws InputException if a file is malformed or names a token that the vocabulary lacks
   */
  static OptionalInt idIn(Path modelFolder) throws IOException {
    Path tokenizerConfig = modelFolder.resolve("tokenizer_config.json");
    JsonNode named = valueIn(tokenizerConfig, "eos_token");
    if (!named.isNull()) {
      return OptionalInt.of(
          idInVocabulary(modelFolder.resolve("tokenizer.json"), text(named, tokenizerConfig)));
    }
    for (String name : new String[] {"generation_config.json", "config.json"}) {
      Path config = modelFolder.resolve(name);
      JsonNode id = valueIn(config, "eos_token_id");
      if (!id.isNull()) {
        return OptionalInt.of(firstId(id, config));
      }
    }
    return OptionalInt.empty();
  }

  /** A token is written as its text or, with its settings, as an object that holds it. */
  private static String text(JsonNode named, Path file) {
    JsonNode text = named.isObject() ? named.path("content") : named;
    if (!text.isTextual()) {
      throw new InputException(
          Place.in(file.toString()),
          "\"eos_token\" must be a string or an object with \"content\", found " + named);
    }
    return text.textValue();
  }

  /** Several ids end a turn in some models; the first is the one of the plain text. */
  private static int firstId(JsonNode id, Path file) {
    JsonNode first = id.isArray() ? id.path(0) : id;
    if (!first.isInt() || first.intValue() < 0) {
      throw new InputException(
          Place.in(file.toString()),
          "\"eos_token_id\" must be a token's number or a list of them, found " + id);
    }
    return first.intValue();
  }

  private static JsonNode valueIn(Path file, String key) throws IOException {
    if (!Files.isRegularFile(file)) {
      return JSON.nullNode();
    }
    JsonNode tree;
    try {
      tree = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw malformed(file, e);
    }
    if (!tree.isObject()) {
      throw new InputException(Place.in(file.toString()), "this file must hold one JSON object");
    }
    return tree.hasNonNull(key) ? tree.get(key) : JSON.nullNode();
  }

  /** Streams the file: as a tree, a large vocabulary would take hundreds of megabytes. */
  private static int idInVocabulary(Path tokenizer, String token) throws IOException {
    try (JsonParser json = JSON.createParser(tokenizer.toFile())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        OptionalInt id =
            switch (key) {
              case "added_tokens" -> idInAddedTokens(json.readValueAsTree(), token);
              case "model" -> idInModel(json, token);
              default -> {
                json.skipChildren();
                yield OptionalInt.empty();
              }
            };
        if (id.isPresent()) {
          return id.getAsInt();
        }
      }
    } catch (JsonProcessingException e) {
      throw malformed(tokenizer, e);
    }
    throw new InputException(
        Place.in(tokenizer.toString()),
        "the vocabulary lacks \"" + token + "\", the eos_token of tokenizer_config.json");
  }

  private static OptionalInt idInAddedTokens(JsonNode addedTokens, String token) {
    for (JsonNode added : addedTokens) {
      if (added.path("content").asText().equals(token) && added.path("id").isInt()) {
        return OptionalInt.of(added.get("id").intValue());
      }
    }
    return OptionalInt.empty();
  }

  private static OptionalInt idInModel(JsonParser json, String token) throws IOException {
    OptionalInt id = OptionalInt.empty();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      boolean isVocabulary = json.currentName().equals("vocab");
      JsonToken value = json.nextToken();
      if (isVocabulary && value == JsonToken.START_OBJECT) {
        id = idInMap(json, token);
      } else if (isVocabulary && value == JsonToken.START_ARRAY) {
        id = idInList(json, token);
      } else {
        json.skipChildren();
      }
    }
    return id;
  }

  /** {@code {"token": id, ...}}, as BPE, WordPiece and WordLevel have it. */
  private static OptionalInt idInMap(JsonParser json, String token) throws IOException {
    OptionalInt id = OptionalInt.empty();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      boolean wanted = json.currentName().equals(token);
      json.nextToken();
      if (wanted) {
        id = OptionalInt.of(json.getIntValue());
      }
    }
    return id;
  }

  /** {@code [["token", score], ...]}, as Unigram has it; a token's id is its index. */
  private static OptionalInt idInList(JsonParser json, String token) throws IOException {
    OptionalInt id = OptionalInt.empty();
    for (int index = 0; json.nextToken() == JsonToken.START_ARRAY; index++) {
      if (token.equals(json.nextTextValue())) {
        id = OptionalInt.of(index);
      }
      while (json.nextToken() != JsonToken.END_ARRAY) {
        json.skipChildren();
      }
    }
    return id;
  }

  private static InputException malformed(Path file, JsonProcessingException e) {
    int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
    return new InputException(
        new Place(file.toString(), line, column), "this is no JSON: " + e.getOriginalMessage());
  }
}
