package dev.polyphase.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.JsonEdit;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A model's tokenizer with further tokens: what becomes of its folder's files, and which ids the
 * tokens have. One that is there already keeps its id; others get the next free ones, as Axolotl
 * has them: the named, the ordinary, the further special ones, in the order in which they are
 * written.
 *
 * @param files what changes of the tokenizer's files; nothing where all is said already
 * @param named the ids of the named special tokens, by their names as {@code eos_token}
 * @param from the first id of a new token
 * @param to the first id that is of no token; equal to {@code from} where none is new
 */
public record TokenizerExtension(
    Map<String, FileChange> files, Map<String, Integer> named, int from, int to) {
  /** Has the first id that is free, for a moment. */
  private static final String NEXT = "<|the next token|>";

  /**
   * The extension of a folder.
   *
   * @throws InputException where the folder has no tokenizer that can be read, or a token can't be
   *     added to it
   */
  public static TokenizerExtension of(Path modelFolder, Vocabulary wanted) throws IOException {
    Path file = modelFolder.resolve(Tokenizer.FILE);
    if (!InputFile.isThere(file)) {
      throw new InputException(
          Place.in(file.toString()),
          "this file is missing, and special_tokens and tokens are added to it; %s, or leave them out"
              .formatted(Tokenizer.remedyWithout(modelFolder)));
    }
    return new Folder(modelFolder, file, wanted).extended();
  }

  /** The files of a tokenizer on their way. */
  private static final class Folder {
    private final Path path;
    private final TokenizerFolder folder;
    private final TokenizerFile file;
    private final Vocabulary wanted;
    private final Map<String, AddedToken> tokens = new LinkedHashMap<>();
    private final Map<String, ObjectNode> entries = new LinkedHashMap<>();

    /** Of the entries above, those whose id the library has yet to say. */
    private final Set<String> withoutId = new LinkedHashSet<>();

    Folder(Path path, Path file, Vocabulary wanted) throws IOException {
      this.path = path;
      this.folder = TokenizerFolder.read(path);
      this.file = TokenizerFile.read(file);
      this.wanted = wanted;
      for (JsonNode entry : this.file.entries()) {
        if (entry instanceof ObjectNode object) {
          entries.put(AddedToken.of(object).content(), object.deepCopy());
        }
      }
      // Whoever opens the folder adds these after those of the file; now they stand in it.
      folder.toAdd(this.file.added()).forEach(this::put);
      wanted.special().byName().values().forEach(text -> want(text, true));
      wanted.tokens().forEach(text -> want(text, false));
      wanted.special().additional().forEach(text -> want(text, true));
    }

    private void put(AddedToken token) {
      ObjectNode old = entries.get(token.content());
      entries.put(token.content(), token.entry(old == null ? 0 : old.path("id").asInt()));
      if (old == null) {
        withoutId.add(token.content());
      }
    }

    private void want(String text, boolean special) {
      ObjectNode old = entries.get(text);
      AddedToken token = old == null ? AddedToken.exact(text) : AddedToken.of(old);
      boolean becomesSpecial = special && !token.special();
      AddedToken as = becomesSpecial ? token.asSpecial() : token;
      if (old == null || becomesSpecial) {
        put(as);
      }
      tokens.put(text, as);
    }

    TokenizerExtension extended() throws IOException {
      refuseOldNames();
      TokenizerFile.requireFew(path.resolve(Tokenizer.FILE), entries.size() + 1);
      int next;
      try (Tokenizer before = open(withNext(before()))) {
        next = idIn(before, NEXT);
      }
      int end = next;
      try (Tokenizer after = open(List.copyOf(entries.values()))) {
        for (String text : withoutId) {
          int id = idIn(after, text);
          entry(text).put("id", id);
          end = Math.max(end, id + 1);
        }
      }
      Map<String, Integer> named = new LinkedHashMap<>();
      wanted.special().byName().forEach((name, text) -> named.put(name, idOf(text)));
      return new TokenizerExtension(files(), named, next, end);
    }

    /** As whoever opens the folder has it. */
    private List<JsonNode> before() {
      List<JsonNode> all = new ArrayList<>(file.entries());
      folder.toAdd(file.added()).forEach(token -> all.add(token.entry(0)));
      return all;
    }

    private static List<JsonNode> withNext(List<JsonNode> others) {
      List<JsonNode> all = new ArrayList<>(others);
      all.add(AddedToken.exact(NEXT).entry(0));
      return all;
    }

    private Tokenizer open(List<? extends JsonNode> added) throws IOException {
      return Tokenizer.open(path, folder, file.completed(added));
    }

    private int idIn(Tokenizer tokenizer, String text) {
      OptionalInt id = tokenizer.idOf(text);
      if (id.isEmpty()) {
        throw new InputException(
            Place.in(path.resolve(Tokenizer.FILE).toString()),
            "\"%s\" can't be added to this tokenizer: in a text it would not be found as one token; choose another text"
                .formatted(text));
      }
      return id.getAsInt();
    }

    private ObjectNode entry(String text) {
      return Optional.ofNullable(entries.get(text)).orElseThrow();
    }

    private int idOf(String text) {
      return entry(text).path("id").asInt();
    }

    /** Texts would still begin or end with the token that had the name before. */
    private void refuseOldNames() {
      wanted
          .special()
          .byName()
          .forEach(
              (name, text) -> {
                Optional<String> old = folder.specialToken(name).filter(t -> !t.equals(text));
                if (old.isPresent() && says(file.postProcessor(), old.get())) {
                  throw new InputException(
                      Place.in(path.resolve(Tokenizer.FILE).toString()),
                      "the post-processor adds \"%s\", the %s so far, to every text, and special_tokens.%s is \"%s\"; name the new token there first, or leave the %s as it is"
                          .formatted(old.get(), name, name, text, name));
                }
              });
    }

    /** Whether a part of it puts a token into a text; a pair of texts is none that we have. */
    private static boolean says(JsonNode part, String text) {
      if (part.isTextual()) {
        return part.textValue().equals(text);
      }
      for (Map.Entry<String, JsonNode> within : part.properties()) {
        boolean other = within.getKey().equals("pair") || within.getKey().equals("special_tokens");
        if (!other && says(within.getValue(), text)) {
          return true;
        }
      }
      for (JsonNode within : part.isArray() ? part : List.<JsonNode>of()) {
        if (says(within, text)) {
          return true;
        }
      }
      return false;
    }

    private Map<String, FileChange> files() throws IOException {
      Map<String, FileChange> files = new LinkedHashMap<>();
      List<JsonNode> all = List.copyOf(entries.values());
      if (!all.equals(file.entries())) {
        files.put(Tokenizer.FILE, new FileChange.Text(file.completed(all).json()));
      }
      Map<String, JsonNode> config = names(folder.config());
      if (folder.config().path(TokenizerFolder.DECODER) instanceof ObjectNode decoder) {
        ObjectNode more = decoder.deepCopy();
        tokens.forEach((text, token) -> more.set(String.valueOf(idOf(text)), token.settings()));
        put(config, TokenizerFolder.DECODER, decoder, more);
      }
      edit(files, TokenizerFolder.CONFIG, config);
      Path map = path.resolve(TokenizerFolder.SPECIAL_TOKENS_MAP);
      if (InputFile.isThere(map)) {
        edit(files, TokenizerFolder.SPECIAL_TOKENS_MAP, names(JsonFile.object(map)));
      }
      Path added = path.resolve(TokenizerFolder.ADDED_TOKENS);
      if (InputFile.isThere(added)) {
        ObjectNode old = JsonFile.object(added);
        Map<String, JsonNode> more = new LinkedHashMap<>();
        tokens.keySet().stream()
            .filter(text -> !old.has(text))
            .forEach(text -> more.put(text, IntNode.valueOf(idOf(text))));
        edit(files, TokenizerFolder.ADDED_TOKENS, more);
      }
      return files;
    }

    /** What a file says by name, where it says something else so far. */
    private Map<String, JsonNode> names(ObjectNode old) {
      Map<String, JsonNode> changed = new LinkedHashMap<>();
      wanted
          .special()
          .byName()
          .forEach(
              (name, text) -> {
                JsonNode value = old.path(name);
                String said = value.isObject() ? value.path("content").asText() : value.asText();
                if (!said.equals(text)) {
                  changed.put(name, TextNode.valueOf(text));
                }
              });
      JsonNode extra = old.path(TokenizerFolder.EXTRA);
      if (!wanted.special().additional().isEmpty() && (extra.isArray() || extra.isEmpty())) {
        String key = extra.isEmpty() ? TokenizerFolder.FORMER_EXTRA : TokenizerFolder.EXTRA;
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        List<String> texts = new ArrayList<>();
        for (JsonNode token : old.path(key)) {
          list.add(token);
          texts.add(token.isObject() ? token.path("content").asText() : token.asText());
        }
        wanted.special().additional().stream()
            .filter(text -> !texts.contains(text))
            .forEach(list::add);
        put(changed, key, old.path(key), list);
      }
      return changed;
    }

    private static void put(
        Map<String, JsonNode> changed, String key, JsonNode old, JsonNode value) {
      if (!value.equals(old)) {
        changed.put(key, value);
      }
    }

    private static void edit(
        Map<String, FileChange> files, String name, Map<String, JsonNode> changed) {
      if (!changed.isEmpty()) {
        files.put(name, new JsonEdit(Map.of(), changed));
      }
    }
  }
}
