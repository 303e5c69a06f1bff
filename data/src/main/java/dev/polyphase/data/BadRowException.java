package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;

/** A row is wrong: it can be left out, counted by its reason, and the others be trained on. */
public final class BadRowException extends InputException {
  private final Reason reason;

  /**
   * A row that is wrong.
   *
   * @param place the row's
   * @param reason what such rows are counted by
   * @param sentence what is wrong with this one, the value found and what to do
   */
  public BadRowException(Place place, Reason reason, String sentence) {
    super(place, sentence);
    this.reason = reason;
  }

  /** What such rows are counted by. */
  public Reason reason() {
    return reason;
  }

  /** What can be wrong with a row. */
  public enum Reason {
    /** It is not JSON, or not in UTF-8. */
    NOT_JSON("not JSON"),
    /** It is not what rows of its file's type are, as one of a table with too many cells. */
    MALFORMED("malformed"),
    /** It is JSON, but no object. */
    NO_OBJECT("not an object"),
    /** It lacks a column of its shape, or has none of any shape. */
    COLUMN_MISSING("a column is missing"),
    /** A column that no shape knows. */
    COLUMN_UNKNOWN("a column is not understood"),
    /** A column that asks for what is not built. */
    COLUMN_REFUSED("a column asks for what is not built"),
    /** Columns of two shapes, or of another than the rows above it. */
    SHAPE("columns of another shape"),
    /** A value of the wrong kind, as a number for a text. */
    TYPE("a value of the wrong type"),
    /** There is nothing where there must be something. */
    EMPTY("empty"),
    /** A text that can't be encoded. */
    HALF_CHARACTER("half a character"),
    /** A speaker of no known name. */
    ROLE("unknown role"),
    /** Two of its values can't both be true. */
    CONTRADICTION("contradicts itself"),
    /** Its completion is marked as one that is not wanted. */
    UNWANTED("an unwanted completion"),
    /** Its completions do not follow one prompt. */
    NO_PROMPT("no shared prompt"),
    /** Nobody speaks in it who is to be learned. */
    NOTHING_TO_LEARN("nothing to learn"),
    /** The chat template refuses it, or does not read what it says. */
    TEMPLATE("the chat template refuses it"),
    /** The tokenizer can't take its text. */
    TOKENIZER("the tokenizer can't take it"),
    /** One of its tokens is none of the model's. */
    VOCABULARY("a token outside the vocabulary");

    private final String words;

    Reason(String words) {
      this.words = words;
    }

    /** The reason in a few words. */
    public String words() {
      return words;
    }
  }
}
