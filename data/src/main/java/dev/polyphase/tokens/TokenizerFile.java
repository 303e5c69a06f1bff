package dev.polyphase.tokens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
  private final List<AddedToken> added = new ArrayList<>();
  private int insertAt;
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
    TokenizerFile read;
    try {
      read = new TokenizerFile(Files.readString(file), new TokenizerParts(file));
      read.findAddedTokens();
    } catch (AccessDeniedException e) {
      throw InputFile.notAllowed(file);
    } catch (JsonProcessingException | CharacterCodingException e) {
      throw JsonFile.refused(file, JSON.getFactory());
    }
    List<AddedToken> more = folder.toAdd(read.added);
    if (read.added.size() + more.size() > MOST_ADDED) {
      throw new InputException(
          Place.in(file.toString()),
          "%,d tokens are added to the vocabulary, and at most %,d can be; take the model's own file"
              .formatted(read.added.size() + more.size(), MOST_ADDED));
    }
    Map<String, AddedToken> added = new LinkedHashMap<>();
    read.added.forEach(token -> added.put(token.content(), token));
    more.forEach(token -> added.put(token.content(), token));
    return new Completed(read.with(more), read.parts.bounds(), List.copyOf(added.values()));
  }

  /** Where further tokens belong: at the list's end, or where a list belongs. */
  private void findAddedTokens() throws IOException {
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return;
      }
      insertAt = (int) json.currentLocation().getCharOffset();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        boolean isList = key.equals(KEY);
        JsonToken value = json.nextToken();
        if (PARTS.contains(key)) {
          parts.take(key, json.readValueAsTree());
        } else if (key.equals("model") && value == JsonToken.START_OBJECT) {
          parts.takeModel(json);
        } else if (value == JsonToken.START_ARRAY && isList) {
          hasList = true;
          while (json.nextToken() != JsonToken.END_ARRAY) {
            JsonNode token = json.readValueAsTree();
            added.add(AddedToken.of(token));
          }
          insertAt = (int) json.currentTokenLocation().getCharOffset();
        } else {
          json.skipChildren();
        }
      }
    }
  }

  private String with(List<AddedToken> more) {
    if (more.isEmpty()) {
      return text;
    }
    String entries =
        more.stream().map(token -> token.entry(0).toString()).collect(Collectors.joining(", "));
    String inserted;
    if (hasList) {
      inserted = (added.isEmpty() ? "" : ", ") + entries;
    } else {
      inserted = "\"" + KEY + "\": [" + entries + "], ";
    }
    return text.substring(0, insertAt) + inserted + text.substring(insertAt);
  }
}
