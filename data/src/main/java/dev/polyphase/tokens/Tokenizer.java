package dev.polyphase.tokens;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.polyphase.kernels.NativeFolder;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a model folder: Hugging Face's own, reading {@code tokenizer.json}.
 *
 * <p>Nothing is ever truncated or padded here, whatever {@code tokenizer.json} says. Special tokens
 * written out in a text become their ids, as with Hugging Face's {@code add_special_tokens=False}.
 * Safe for use by several threads until closed.
 */
public final class Tokenizer implements AutoCloseable {
  /** The file that it is read from. */
  public static final String FILE = "tokenizer.json";

  /** Mistral's own: where a folder has it too, transformers takes it before all others. */
  private static final String TEKKEN = "tekken.json";

  /** What else vocabularies are kept in: SentencePiece or tiktoken, GPT-2's, BERT's. */
  private static final List<String> OTHER_FORMATS =
      List.of(TEKKEN, "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt");

  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

  private final Path modelFolder;
  private final TokenizerFolder folder;
  private final HuggingFaceTokenizer tokenizer;
  private final TextBounds bounds;
  private final List<AddedToken> added;
  private final OptionalInt eosId;
  private volatile int @Nullable [] prefix;

  private Tokenizer(
      Path modelFolder,
      TokenizerFolder folder,
      HuggingFaceTokenizer tokenizer,
      TokenizerFile.Completed file)
      throws IOException {
    this.modelFolder = modelFolder;
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.bounds = file.bounds();
    this.added = file.added();
    this.eosId = eosIdOfFolder();
  }

  /**
   * Opens the tokenizer of a model.
   *
   * @param modelFolder a folder in Hugging Face layout
   * @throws InputException if there is no {@code tokenizer.json}, or it or one of the files that
   *     add tokens to it or name the end-of-sequence token is malformed
   */
  public static Tokenizer open(Path modelFolder) throws IOException {
    Path file = modelFolder.resolve(FILE);
    if (!InputFile.isThere(file)) {
      throw new InputException(
          Place.in(file.toString()),
          "this file is missing and rows of text need it; %s, or give pre-tokenised rows"
              .formatted(remedyWithout(modelFolder)));
    }
    TokenizerFolder folder = TokenizerFolder.read(modelFolder);
    return open(modelFolder, folder, TokenizerFile.completed(file, folder));
  }

  /**
   * What to do about a folder that has no {@code tokenizer.json}: transformers makes one of what
   * such folders have in its place.
   */
  public static String remedyWithout(Path modelFolder) {
    return OTHER_FORMATS.stream()
        .filter(name -> Files.isRegularFile(modelFolder.resolve(name)))
        .findFirst()
        .map(
            name ->
                ("%s beside it is of another format, so save it as one with transformers:"
                        + " AutoTokenizer.from_pretrained(%s).save_pretrained(FOLDER)%s")
                    .formatted(
                        name,
                        // Else it is mistral-common's where that is installed, which saves none.
                        name.equals(TEKKEN) ? "FOLDER, mistral_format=False" : "FOLDER",
                        name.endsWith(".model")
                            ? ", which may want the packages sentencepiece and tiktoken"
                            : ""))
        .orElse("add the model's " + FILE);
  }

  /** Loads the native library, which is unpacked on first use. */
  public static void loadLibrary() {
    NativeFolder.load(
        NativeFolder.TOKENIZERS,
        () -> {
          LibUtils.checkStatus();
          return true;
        });
  }

  /** Opens what a folder's tokenizer would be with another file. */
  static Tokenizer open(Path modelFolder, TokenizerFolder folder, TokenizerFile.Completed completed)
      throws IOException {
    loadLibrary();
    HuggingFaceTokenizer tokenizer;
    try (InputStream in =
        new ByteArrayInputStream(completed.json().getBytes(StandardCharsets.UTF_8))) {
      tokenizer = HuggingFaceTokenizer.newInstance(in, OPTIONS);
    } catch (RuntimeException e) {
      throw unreadable(modelFolder.resolve(FILE), e);
    }
    try {
      return new Tokenizer(modelFolder, folder, tokenizer, completed);
    } catch (IOException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  private static InputException unreadable(Path file, RuntimeException cause) throws IOException {
    JsonFile.read(file);
    InputException wrong =
        new InputException(
            Place.in(file.toString()),
            "this is JSON, but no tokenizer that Hugging Face's tokenizers can read; take the file"
                + " from the model's original folder (--debug shows what they say)");
    wrong.initCause(cause);
    return wrong;
  }

  /**
   * The tokens of a text, nothing added.
   *
   * @throws UnreadableTextException if the text is more than the tokenizer can take, as with each
   *     method here that is given one
   */
  public int[] encode(String text) {
    return ids(text, false);
  }

  /** The tokens of a text, nothing added, and where they begin. */
  public TokenizedText encodeWithPlaces(String text) {
    long encoding = encoding(text, false);
    try {
      int[] ids = ids(encoding);
      @Nullable CharSpan[] spans = TokenizersLibrary.LIB.getTokenCharSpans(encoding);
      int[] units = CodePoints.unitsOf(text);
      int[] starts = new int[ids.length];
      for (int t = 0; t < ids.length; t++) {
        @Nullable CharSpan span = spans[t];
        starts[t] = span == null ? -1 : units[span.getStart()];
      }
      return new TokenizedText(ids, starts);
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  /**
   * The id of a text that is one token, as special tokens are; empty if it is several. Some
   * tokenizers put a space of their own in front of a text, also of one that is an added token.
   */
  public OptionalInt idOf(String text) {
    int[] ids = encode(text);
    if (ids.length == 1) {
      return OptionalInt.of(ids[0]);
    }
    boolean isAdded = added.stream().anyMatch(token -> token.content().equals(text));
    return isAdded && ids.length > 0 && textOf(ids[ids.length - 1]).equals(text)
        ? OptionalInt.of(ids[ids.length - 1])
        : OptionalInt.empty();
  }

  /**
   * The texts of tokens that were added to the vocabulary.
   *
   * @param special whether of special ones, or of the others
   */
  public List<String> addedTokens(boolean special) {
    return added.stream()
        .filter(token -> token.special() == special)
        .map(AddedToken::content)
        .toList();
  }

  /** The text of a token, also of a special one. */
  public String textOf(int id) {
    return tokenizer.decode(new long[] {id}, false);
  }

  /** The text of tokens that follow on each other, special ones included. */
  public String textOf(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), false);
  }

  /** The end-of-sequence token of plain text; empty where the model names none. */
  public OptionalInt endOfText() {
    return eosId;
  }

  /** Whether its own files name that token; where they do not, the model's configurations may. */
  public boolean namesEndOfText() {
    return folder.specialToken("eos_token").isPresent();
  }

  /**
   * The tokens of a whole text: in front what the tokenizer's post-processor puts there (the
   * beginning-of-sequence token, for models that have one), at the end the end-of-sequence token.
   * Neither is doubled where the text brings it along.
   *
   * @throws InputException if the model names no end-of-sequence token, or its files contradict
   *     each other in what a text begins with
   */
  public int[] encodeDocument(String text) {
    int[] ids = encode(text);
    // Judged by the text alone: in some models one token both begins and ends a text.
    return endsWithEos(ids) ? withPrefix(ids) : withEos(withPrefix(ids));
  }

  /**
   * The tokens of a prompt and of what should follow it; {@link #encodeDocument}'s tokens in front
   * of the prompt and after the completion.
   *
   * <p>The completion's tokens are those that follow the prompt's in the tokens of both joined,
   * since that is what the model sees when it is used. Where a token spans the seam, so that the
   * joined tokens do not begin with the prompt's, the completion is tokenised on its own.
   *
   * @throws InputException if the model names no end-of-sequence token
   */
  public PromptCompletion encode(String prompt, String completion) {
    PromptCompletion plain = encodeAsTheyAre(prompt, completion);
    int[] ended =
        endsWithEos(plain.completion()) ? plain.completion() : withEos(plain.completion());
    return new PromptCompletion(withPrefix(plain.prompt()), ended, plain.seamInToken());
  }

  /** As {@link #encode(String, String)}, but nothing is added to either. */
  public PromptCompletion encodeAsTheyAre(String prompt, String completion) {
    int[] promptIds = encode(prompt);
    int[] joined = encode(prompt + completion);
    boolean parts = startsWith(joined, promptIds);
    int[] completionIds =
        parts ? Arrays.copyOfRange(joined, promptIds.length, joined.length) : encode(completion);
    return new PromptCompletion(promptIds, completionIds, !parts);
  }

  /**
   * The end-of-sequence token: {@code eos_token} of {@code tokenizer_config.json}, else the first
   * {@code eos_token_id} of {@code generation_config.json}, else of {@code config.json}.
   *
   * @throws InputException if none of them names one
   */
  public int eosId() {
    return eosId.orElseThrow(
        () ->
            new InputException(
                Place.in(modelFolder.resolve("tokenizer_config.json").toString()),
                "the model names no end-of-sequence token, and rows of text end with it; set"
                    + " \"eos_token\" here"));
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  private OptionalInt eosIdOfFolder() throws IOException {
    Optional<String> named = folder.specialToken("eos_token");
    if (named.isEmpty()) {
      return EndOfSequence.idsIn(modelFolder).stream().mapToInt(Integer::intValue).findFirst();
    }
    int[] ids = encode(named.get());
    if (ids.length != 1) {
      throw new InputException(
          Place.in(folder.configFile().toString()),
          "the vocabulary lacks \"%s\", the eos_token".formatted(named.get()));
    }
    return OptionalInt.of(ids[0]);
  }

  private int[] prefix() {
    int[] known = prefix;
    if (known == null) {
      known = BeginningOfText.of(folder, processedPrefix());
      prefix = known;
    }
    return known;
  }

  private int[] processedPrefix() {
    int[] plain = ids("a", false);
    int[] processed = ids("a", true);
    for (int start = 0; start + plain.length <= processed.length; start++) {
      if (Arrays.equals(plain, 0, plain.length, processed, start, start + plain.length)) {
        return Arrays.copyOf(processed, start);
      }
    }
    return new int[0];
  }

  /** Past {@link HuggingFaceTokenizer#encode}, which also fetches strings and spans per token. */
  private int[] ids(String text, boolean addSpecialTokens) {
    long encoding = encoding(text, addSpecialTokens);
    try {
      return ids(encoding);
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  private long encoding(String text, boolean addSpecialTokens) {
    bounds.require(text);
    try {
      return TokenizersLibrary.LIB.encode(tokenizer.getHandle(), text, addSpecialTokens);
    } catch (RuntimeException e) {
      throw new InputException(
          Place.in(modelFolder.resolve(FILE).toString()),
          "this tokenizer has no token for a part of a text, and none for what it does not know;"
              + " name one that its vocabulary has as \"unk_token\"");
    }
  }

  private static int[] ids(long encoding) {
    long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  private int[] withPrefix(int[] ids) {
    int[] first = prefix();
    if (startsWith(ids, first)) {
      return ids;
    }
    int[] joined = Arrays.copyOf(first, first.length + ids.length);
    System.arraycopy(ids, 0, joined, first.length, ids.length);
    return joined;
  }

  private boolean endsWithEos(int[] ids) {
    return ids.length > 0 && ids[ids.length - 1] == eosId();
  }

  private int[] withEos(int[] ids) {
    int[] ended = Arrays.copyOf(ids, ids.length + 1);
    ended[ids.length] = eosId();
    return ended;
  }

  private static boolean startsWith(int[] ids, int[] start) {
    return ids.length >= start.length
        && Arrays.equals(ids, 0, start.length, start, 0, start.length);
  }
}
