package dev.polyphase.pipelines;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is added to the vocabulary of the model that a pipeline begins with.
 *
 * @param special tokens that are no part of what a text says, most of them with a name
 * @param tokens ordinary ones, which a text may say
 * @param rowMultiple what the number of rows of embeddings and head is a multiple of
 */
public record Vocabulary(
    @Key(
            name = "special_tokens",
            means =
                "special tokens by name, as `{eos_token: <|im_end|>}`; the base's tokenizer gets"
                    + " them, and embeddings and head a row for each that is new",
            spelledOut = false)
        Special special,
    @Key(
            means = "ordinary tokens that the base gets likewise",
            items = 0,
            spelledOut = false,
            wanted = "a token's text")
        List<String> tokens,
    @Key(
            name = "pad_embeddings_to_multiple_of",
            means =
                "embeddings and head get as many rows more as make their number a multiple of this",
            absent = "1",
            from = 1,
            spelledOut = false,
            to = 65_536)
        int rowMultiple) {

  public Vocabulary {
    tokens = List.copyOf(tokens);
  }

  /** Whether it names tokens. */
  public boolean addsTokens() {
    return !special.byName().isEmpty() || !special.additional().isEmpty() || !tokens.isEmpty();
  }

  /** Whether the base stays as it is. */
  public boolean isAsItWas() {
    return !addsTokens() && rowMultiple == 1;
  }

  /**
   * Special tokens, by the names that templates and models know them by.
   *
   * @param bos the beginning of a text
   * @param eos its end
   * @param pad fills rows up
   * @param unk stands for what has no token
   * @param sep between two texts
   * @param cls before a text that is classified
   * @param mask stands for what is to be guessed
   * @param additional those without a name
   */
  public record Special(
      @Key(name = "bos_token", means = "the beginning of a text", wanted = "a token's text")
          Optional<String> bos,
      @Key(name = "eos_token", means = "its end", wanted = "a token's text") Optional<String> eos,
      @Key(name = "pad_token", means = "fills rows up", wanted = "a token's text")
          Optional<String> pad,
      @Key(name = "unk_token", means = "stands for what has no token", wanted = "a token's text")
          Optional<String> unk,
      @Key(name = "sep_token", means = "between two texts", wanted = "a token's text")
          Optional<String> sep,
      @Key(
              name = "cls_token",
              means = "before a text that is classified",
              wanted = "a token's text")
          Optional<String> cls,
      @Key(
              name = "mask_token",
              means = "stands for what is to be guessed",
              wanted = "a token's text")
          Optional<String> mask,
      @Key(
              name = "additional_special_tokens",
              means = "those without a name",
              items = 0,
              spelledOut = false,
              wanted = "a token's text")
          List<String> additional) {

    public Special {
      additional = List.copyOf(additional);
    }

    /** The named ones, by their names as {@code eos_token}, in the order of the components. */
    public Map<String, String> byName() {
      Map<String, String> named = new LinkedHashMap<>();
      bos.ifPresent(token -> named.put("bos_token", token));
      eos.ifPresent(token -> named.put("eos_token", token));
      pad.ifPresent(token -> named.put("pad_token", token));
      unk.ifPresent(token -> named.put("unk_token", token));
      sep.ifPresent(token -> named.put("sep_token", token));
      cls.ifPresent(token -> named.put("cls_token", token));
      mask.ifPresent(token -> named.put("mask_token", token));
      return named;
    }
  }

  /** Nothing. */
  public static final Vocabulary AS_IT_WAS =
      new Vocabulary(
          new Special(
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              List.of()),
          List.of(),
          1);
}
