package dev.polyphase.phases.data;

import dev.polyphase.phases.tokens.LazyTokenizer;
import dev.polyphase.phases.tokens.PromptCompletion;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Turns rows of cpt and sft phases into tokens and labels. */
public final class RowEncoder {
  private final PhaseType phase;
  private final int vocabSize;
  private final LazyTokenizer tokenizer;

  /**
   * An encoder for one model.
   *
   * @param phase {@code CPT} or {@code SFT}
   * @param vocabSize the rows of the model's embeddings; a token id is below it
   * @param tokenizer asked only by rows of text
   */
  public RowEncoder(PhaseType phase, int vocabSize, LazyTokenizer tokenizer) {
    if (phase == PhaseType.DPO) {
      throw new IllegalArgumentException("preference pairs have a reader of their own");
    }
    this.phase = phase;
    this.vocabSize = vocabSize;
    this.tokenizer = tokenizer;
  }

  /** The shapes that the phase reads. */
  public Set<RowShape> shapes() {
    return Collections.unmodifiableSet(
        switch (phase) {
          case CPT -> EnumSet.of(RowShape.TOKENS, RowShape.TEXT);
          case SFT -> EnumSet.of(RowShape.TOKENS, RowShape.COMPLETION, RowShape.TEXT);
          case DPO -> EnumSet.noneOf(RowShape.class);
        });
  }

  /**
   * A row's tokens, whatever their number. Text carries loss on every token; a prompt and
   * completion on the completion and the end-of-sequence token; pre-tokenised rows as their labels
   * say, which only cpt rows may leave out.
   *
   * @throws InputException if the row is wrong
   */
  public Example encode(JsonRow row, RowShape shape) throws IOException {
    return switch (shape) {
      case TOKENS -> tokens(row);
      case TEXT -> text(row);
      case COMPLETION -> completion(row);
      case PREFERENCE, PREFERENCE_TOKENS -> throw new IllegalArgumentException(shape.toString());
    };
  }

  /**
   * Every row of a file in its order, none cut and none left out, each of whatever shape it has.
   *
   * @throws InputException naming the rows that are wrong
   */
  public List<Example> encodeFile(Path file) throws IOException {
    Set<RowShape> shapes = shapes();
    List<Example> rows = new ArrayList<>();
    RowProblems problems = new RowProblems();
    JsonRows.read(file, problems, row -> rows.add(encode(row, DatasetRows.shapeOf(row, shapes))));
    problems.throwIfAny();
    return rows;
  }

  private Example tokens(JsonRow row) {
    int[] ids = row.ids("input_ids", vocabSize);
    if (ids.length == 0) {
      throw row.wrong("\"input_ids\" is empty; leave such rows out");
    }
    if (!row.has("labels")) {
      if (phase == PhaseType.CPT) {
        return new Example(ids, ids);
      }
      throw row.wrong(
          "\"labels\" is missing; give one for each of the input_ids, -100 for no loss");
    }
    int[] labels = row.labels("labels", vocabSize);
    if (labels.length != ids.length) {
      throw row.wrong(
          "%d input_ids and %d labels; there must be a label for each id, -100 for no loss"
              .formatted(ids.length, labels.length));
    }
    return new Example(ids, labels);
  }

  private Example text(JsonRow row) throws IOException {
    int[] ids = row.inVocabulary(tokenizer.get().encodeDocument(row.text("text")), vocabSize);
    return new Example(ids, ids);
  }

  private Example completion(JsonRow row) throws IOException {
    PromptCompletion tokens = tokenizer.get().encode(row.text("prompt"), row.text("completion"));
    return afterPrompt(
        row.inVocabulary(tokens.prompt(), vocabSize),
        row.inVocabulary(tokens.completion(), vocabSize));
  }

  /** An example in which the completion carries the loss. */
  public static Example afterPrompt(int[] prompt, int[] completion) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, ids, prompt.length, completion.length);
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, prompt.length, JsonRow.NO_LOSS);
    return new Example(ids, labels);
  }
}
