package dev.polyphase.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a model's folder says of its tokenizer beside {@code tokenizer.json}: {@code
 * tokenizer_config.json} and, where that has no {@code added_tokens_decoder}, the older {@code
 * special_tokens_map.json} and {@code added_tokens.json}.
 *
 * <p>Which file counts, and in which order tokens are added to those of {@code tokenizer.json}, is
 * as in transformers 5 ({@code PreTrainedTokenizerBase._from_pretrained} and {@code
 * TokenizersBackend.__init__}).
 */
public final class TokenizerFolder {
  static final String CONFIG = "tokenizer_config.json";
  static final String SPECIAL_TOKENS_MAP = "special_tokens_map.json";
  static final String ADDED_TOKENS = "added_tokens.json";
  static final String EXTRA = "extra_special_tokens";
  static final String FORMER_EXTRA = "additional_special_tokens";
  static final String DECODER = "added_tokens_decoder";

  /** The names that templates and models know special tokens by. */
  private static final List<String> NAMES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private final Path configFile;
  private final ObjectNode config;
  private final Map<String, AddedToken> named = new LinkedHashMap<>();
  private final List<AddedToken> extra = new ArrayList<>();
  private final SortedMap<Integer, AddedToken> added = new TreeMap<>();
  private final SortedMap<Integer, AddedToken> formerlyAdded = new TreeMap<>();

  private TokenizerFolder(Path configFile, ObjectNode config) {
    this.configFile = configFile;
    this.config = config;
  }

  /**
   * Reads a folder; a file that is not there says nothing.
   *
   * @throws InputException if one of the files is malformed
   */
  public static TokenizerFolder read(Path modelFolder) throws IOException {
    Path configFile = modelFolder.resolve(CONFIG);
    TokenizerFolder folder = new TokenizerFolder(configFile, object(configFile));
    if (folder.config.has(DECODER)) {
      folder.takeSpecial(folder.config, configFile);
      folder.takeDecoder(folder.config.path(DECODER));
    } else {
      Path mapFile = modelFolder.resolve(SPECIAL_TOKENS_MAP);
      ObjectNode map = object(mapFile);
      folder.takeSpecial(folder.config, configFile);
      folder.takeSpecial(map, mapFile);
      folder.takeAddedTokens(modelFolder.resolve(ADDED_TOKENS));
    }
    folder.nameWithSettings();
    return folder;
  }

  /** {@code tokenizer_config.json}. */
  public Path configFile() {
    return configFile;
  }

  /** What it holds; empty where it is not there. */
  public ObjectNode config() {
    return config;
  }

  /** The texts of the special tokens that have a name, as {@code eos_token}, by this name. */
  public Map<String, String> specialTokens() {
    Map<String, String> texts = new LinkedHashMap<>();
    named.forEach((name, token) -> texts.put(name, token.content()));
    return texts;
  }

  /** The text of a special token by its name; empty where none is named. */
  Optional<String> specialToken(String name) {
    return Optional.ofNullable(named.get(name)).map(AddedToken::content);
  }

  /**
   * The tokens to add to those that a {@code tokenizer.json} adds itself, in this order. One of the
   * same text takes the place of its settings there.
   *
   * @param there what it adds itself
   */
  List<AddedToken> toAdd(Collection<AddedToken> there) {
    List<AddedToken> tokens = new ArrayList<>();
    Set<AddedToken> unchanged = new HashSet<>(there);
    Set<String> known = new HashSet<>(there.stream().map(AddedToken::content).toList());
    for (AddedToken token : added.values()) {
      if (!unchanged.contains(token)) {
        tokens.add(isSpecial(token) ? token.asSpecial() : token);
        known.add(token.content());
      }
    }
    for (AddedToken token : formerlyAdded.values()) {
      // Settings are not in that file, so those of tokenizer.json hold.
      if (!known.contains(token.content())) {
        tokens.add(token);
        known.add(token.content());
      }
    }
    List<AddedToken> special = new ArrayList<>(named.values());
    special.addAll(extra);
    for (AddedToken token : special) {
      if (!known.contains(token.content())) {
        tokens.add(token);
        known.add(token.content());
      }
    }
    return tokens;
  }

  private boolean isSpecial(AddedToken token) {
    return token.special()
        || named.values().stream().anyMatch(other -> other.content().equals(token.content()));
  }

  /** Named tokens and further ones; a later file's take the place of an earlier one's. */
  private void takeSpecial(ObjectNode from, Path file) {
    for (String name : NAMES) {
      JsonNode value = from.path(name);
      if (from.hasNonNull(name)) {
        named.put(name, token(value, file, name));
      } else if (value.isNull()) {
        named.remove(name);
      }
    }
    String key = from.path(EXTRA).isEmpty() ? FORMER_EXTRA : EXTRA;
    for (JsonNode value : from.path(key)) {
      extra.add(token(value, file, key));
    }
    from.properties().stream()
        .filter(entry -> entry.getKey().endsWith("_token") && !NAMES.contains(entry.getKey()))
        .filter(entry -> entry.getValue().isTextual())
        .forEach(entry -> extra.add(AddedToken.special(entry.getValue().textValue())));
  }

  private void takeDecoder(JsonNode decoder) {
    for (Map.Entry<String, JsonNode> entry : decoder.properties()) {
      JsonNode settings = entry.getValue();
      if (!settings.path("content").isTextual()) {
        throw wrong(
            configFile,
            "\"added_tokens_decoder\" must hold objects with \"content\", found " + settings);
      }
      added.put(id(entry.getKey(), configFile), AddedToken.of(settings));
    }
  }

  private void takeAddedTokens(Path file) throws IOException {
    for (Map.Entry<String, JsonNode> entry : object(file).properties()) {
      String text = entry.getKey();
      boolean special =
          named.values().stream().anyMatch(token -> token.content().equals(text))
              || extra.stream().anyMatch(token -> token.content().equals(text));
      formerlyAdded.put(
          id(entry.getValue().asText(), file),
          special ? AddedToken.special(text) : AddedToken.ordinary(text));
    }
  }

  /** The settings of a named token are those of the added token of its text. */
  private void nameWithSettings() {
    named.replaceAll(
        (name, token) ->
            added.values().stream()
                .filter(other -> other.content().equals(token.content()))
                .reduce((former, later) -> later)
                .map(AddedToken::asSpecial)
                .orElse(token));
  }

  private static int id(String text, Path file) {
    try {
      return Integer.parseUnsignedInt(text);
    } catch (NumberFormatException e) {
      throw wrong(file, "a token's id must be a whole number, found \"" + text + "\"");
    }
  }

  /** A token is written as its text or, with its settings, as an object that holds it. */
  private static AddedToken token(JsonNode value, Path file, String name) {
    if (value.isTextual()) {
      return AddedToken.special(value.textValue());
    }
    if (!value.path("content").isTextual()) {
      throw wrong(
          file,
          "\"%s\" must be a string or an object with \"content\", found %s"
              .formatted(name, JsonFile.shown(value)));
    }
    ObjectNode settings = value.deepCopy();
    return AddedToken.of(settings.put("special", true));
  }

  private static ObjectNode object(Path file) throws IOException {
    if (!InputFile.isThere(file)) {
      return JsonNodeFactory.instance.objectNode();
    }
    return JsonFile.object(file);
  }

  private static InputException wrong(Path file, String sentence) {
    return new InputException(Place.in(file.toString()), sentence);
  }
}
