package dev.polyphase.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.util.Set;

/**
 * The tokens that every text begins with.
 *
 * <p>They are what the post-processor of {@code tokenizer.json} puts there. Some classes of
 * transformers 4 went by {@code add_bos_token} of {@code tokenizer_config.json} instead; with
 * transformers 5 that key is without effect. Where the two would differ the folder is refused: the
 * model would be trained on other texts than it is used with.
 */
final class BeginningOfText {
  private static final String KEY = "add_bos_token";
  private static final String FAST = "Fast";

  /** Without a class of its own, Llama's and Mistral's models have the first. */
  private static final Set<String> GO_BY_KEY =
      Set.of(
          "LlamaTokenizer",
          "CodeLlamaTokenizer",
          "GemmaTokenizer",
          "CohereTokenizer",
          "GPTNeoXTokenizer");

  /** Makes its post-processor itself, whatever {@code tokenizer.json} says. */
  private static final String GPT_NEOX = "GPTNeoXTokenizer";

  private BeginningOfText() {}

  /**
   * The tokens.
   *
   * @param processed what the post-processor puts before every text
   * @throws InputException if it depends on the library whether there are any
   */
  static int[] of(TokenizerFolder folder, int[] processed) {
    JsonNode flag = folder.config().path(KEY);
    String named = folder.config().path("tokenizer_class").asText("LlamaTokenizer");
    String type = named.endsWith(FAST) ? named.substring(0, named.length() - FAST.length()) : named;
    if (!GO_BY_KEY.contains(type)) {
      return processed;
    }
    boolean asked = flag.asBoolean(false);
    if (type.equals(GPT_NEOX)) {
      if (asked) {
        throw unclear(
            folder, named + " puts nothing before a text with transformers 5", "set it to false");
      }
      return new int[0];
    }
    if (flag.isBoolean() && asked && processed.length == 0) {
      throw unclear(
          folder,
          "the post-processor of tokenizer.json puts nothing before a text",
          "set it to false, or let the post-processor put bos_token there");
    }
    if (flag.isBoolean() && !asked && processed.length > 0) {
      throw unclear(
          folder,
          "the post-processor of tokenizer.json puts a token before every text",
          "set it to true, or take the token out of the post-processor");
    }
    return processed;
  }

  private static InputException unclear(
      TokenizerFolder folder, String contradiction, String remedy) {
    return new InputException(
        Place.in(folder.configFile().toString()),
        ("\"%s\" is %s, and %s: transformers 4 goes by the first and transformers 5 by the second,"
                + " and rows of text must begin as they do when the model is used; %s")
            .formatted(KEY, folder.config().path(KEY), contradiction, remedy));
  }
}
