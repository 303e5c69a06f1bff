package dev.polyphase.tokens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A {@code tokenizer.json} with the tokens that the folder's other files add to it.
 *
 * <p>It is streamed and edited as text: as a tree, a large vocabulary would take hundreds of
 * megabytes.
 */
final class TokenizerFile {
  /** Names are not remembered: a vocabulary has hundreds of thousands, each of them once. */
  private static final JsonMapper JSON =
      new JsonMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build());

  /** The library looks at all that were added before for each that is added. */
  private static final int MOST_ADDED = 40_000;

  private static final String KEY = "added_tokens";

  /** Parts that are small enough to be looked at as trees. */
  private static final Set<String> PARTS =
      Set.of("normalizer", "pre_tokenizer", "post_processor", "decoder");

  private final String text;
  private final TokenizerParts parts;
  private final List<JsonNode> entries = new ArrayList<>();
  private JsonNode postProcessor = NullNode.getInstance();
  private int listStart;
  private int listEnd;
  private boolean hasList;

  private TokenizerFile(String text, TokenizerParts parts) {
    this.text = text;
    this.parts = parts;
  }

  /**
   * What a tokenizer is opened from.
   *
   * @param json the file with the added tokens
   * @param bounds the texts that it can take
   * @param added the added tokens, of one text the last settings
   */
  record Completed(String json, TextBounds bounds, List<AddedToken> added) {}

  /**
   * What to open a tokenizer from.
   *
   * @throws InputException if the file is no JSON object, not in UTF-8, or holds what the
   *     tokenizers library could not live with
   */
  static Completed completed(Path file, TokenizerFolder folder) throws IOException {
    TokenizerFile read = read(file);
    List<AddedToken> more = folder.toAdd(read.added());
    requireFew(file, read.entries.size() + more.size());
    return read.completed(
        Stream.concat(read.entries.stream(), more.stream().map(token -> token.entry(0))).toList());
  }

  /**
   * Reads a file.
   *
   * @throws InputException as {@link #completed} says
   */
  static TokenizerFile read(Path file) throws IOException {
    try {
      TokenizerFile read = new TokenizerFile(Files.readString(file), new TokenizerParts(file));
      read.findAddedTokens();
      return read;
    } catch (AccessDeniedException e) {
      throw InputFile.notAllowed(file);
    } catch (JsonProcessingException | CharacterCodingException e) {
      throw JsonFile.refused(file, JSON.getFactory());
    }
  }

  /**
   * Holds tokens to be few enough.
   *
   * @throws InputException if they are too many to be added
   */
  static void requireFew(Path file, int tokens) {
    if (tokens > MOST_ADDED) {
      throw new InputException(
          Place.in(file.toString()),
          "%,d tokens are added to the vocabulary, and at most %,d can be; take the model's own file"
              .formatted(tokens, MOST_ADDED));
    }
  }

  /** The tokens that it adds itself. */
  List<AddedToken> added() {
    return entries.stream().map(AddedToken::of).toList();
  }

  /** The same as they stand in it. */
  List<JsonNode> entries() {
    return entries;
  }

  /** What it does to the tokens of a whole text; null where that is nothing. */
  JsonNode postProcessor() {
    return postProcessor;
  }

  /** What to open a tokenizer from that adds other tokens. */
  Completed completed(List<? extends JsonNode> others) {
    Map<String, AddedToken> added = new LinkedHashMap<>();
    others.stream().map(AddedToken::of).forEach(token -> added.put(token.content(), token));
    return new Completed(with(others), parts.bounds(), List.copyOf(added.values()));
  }

  /** Where the list of tokens is, or where one belongs. */
  private void findAddedTokens() throws IOException {
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return;
      }
      listStart = (int) json.currentLocation().getCharOffset();
      listEnd = listStart;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        boolean isList = key.equals(KEY);
        JsonToken value = json.nextToken();
        if (PARTS.contains(key)) {
          JsonNode part = json.readValueAsTree();
          parts.take(key, part);
          if (key.equals("post_processor")) {
            postProcessor = part;
          }
        } else if (key.equals("model") && value == JsonToken.START_OBJECT) {
          parts.takeModel(json);
        } else if (value == JsonToken.START_ARRAY && isList) {
          hasList = true;
          listStart = (int) json.currentTokenLocation().getCharOffset();
          while (json.nextToken() != JsonToken.END_ARRAY) {
            entries.add(json.readValueAsTree());
          }
          listEnd = (int) json.currentLocation().getCharOffset();
        } else {
          json.skipChildren();
        }
      }
    }
  }

  /** The text with another list, in the layout of what stands there. */
  private String with(List<? extends JsonNode> others) {
    if (others.equals(entries)) {
      return text;
    }
    boolean spread = text.substring(listStart, listEnd).contains("\n");
    String list =
        others.stream()
            .map(token -> spread ? spread(token) : token.toString())
            .collect(Collectors.joining(spread ? ",\n    " : ", "));
    String inserted =
        hasList
            ? (spread ? "[\n    " + list + "\n  ]" : "[" + list + "]")
            : "\"" + KEY + "\": [" + list + "], ";
    return text.substring(0, listStart) + inserted + text.substring(listEnd);
  }

  /** As the tokenizers library writes it: each setting in a line. */
  private static String spread(JsonNode token) {
    return token.properties().stream()
        .map(setting -> TextNode.valueOf(setting.getKey()) + ": " + setting.getValue())
        .collect(Collectors.joining(",\n      ", "{\n      ", "\n    }"));
  }
}
