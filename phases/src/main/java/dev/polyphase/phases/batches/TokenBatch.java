package dev.polyphase.phases.batches;

import dev.polyphase.data.Example;
import dev.polyphase.data.JsonRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of one forward pass: one below the other, padded on the right to the longest; or packed,
 * side by side in one row without any padding. The arrays are not copied.
 *
 * <p>Padding has the id 0 and no target; under causal attention no token before it sees it. What is
 * packed does not see each other but for prefixes, as {@link Document} has them, and the first
 * token of none is a target unless it follows a prefix.
 *
 * @param ids [batch * seq], row by row
 * @param batch how many rows; 1 where they are packed
 * @param seq the tokens of each, padding counted
 * @param tokens the tokens as they lie there, padding not counted: of a prefix once
 * @param targetPositions the flat indices {@code b * seq + t} of the positions whose next token
 *     carries loss, document by document, and in each in the order of its tokens. Ascending but for
 *     the first target of what follows a prefix: it is at the prefix's last token, which may be
 *     another's position as well
 * @param targets that next token's label, one for each target position
 * @param targetDocuments the number of each target's document, as the batch was made of them; where
 *     nothing is packed, of its row
 * @param lengths the tokens of each row, padding not counted; where rows are packed, of each
 *     sequence of them, side by side
 * @param documents what lies side by side in every row, in sum {@code seq} tokens; one where
 *     nothing is packed
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
public record TokenBatch(
    int[] ids,
    int batch,
    int seq,
    long tokens,
    int[] targetPositions,
    int[] targets,
    int[] targetDocuments,
    int[] lengths,
    List<Span> documents) {

  /**
   * A document as it lies in a row. Empty ones have none.
   *
   * @param tokens its own
   * @param prefixOf the number of the span that begins with its prefix; -1 for none
   * @param prefixTokens the tokens of the prefix; 0 for none
   */
  public record Span(int tokens, int prefixOf, int prefixTokens) {
    /** A document without a prefix. */
    static Span of(int tokens) {
      return new Span(tokens, -1, 0);
    }

    /** The tokens that its last one may see. */
    public int seenTokens() {
      return Math.addExact(prefixTokens, tokens);
    }
  }

  /** Rows that are as long as each other and not packed. */
  public TokenBatch(
      int[] ids, int batch, int seq, long tokens, int[] targetPositions, int[] targets) {
    this(
        ids,
        batch,
        seq,
        tokens,
        targetPositions,
        targets,
        Arrays.stream(targetPositions).map(position -> position / seq).toArray(),
        filled(batch, seq),
        List.of(Span.of(seq)));
  }

  private static int[] filled(int count, int value) {
    int[] values = new int[count];
    Arrays.fill(values, value);
    return values;
  }

  /** Batches rows, at least one, in their order: one below the other. */
  public static TokenBatch of(List<Example> rows) {
    int seq = rows.stream().mapToInt(Example::tokens).max().orElseThrow();
    int[] starts = new int[rows.size()];
    Arrays.setAll(starts, b -> Math.multiplyExact(b, seq));
    List<Document> documents = rows.stream().map(Document::of).toList();
    Filling filling = new Filling(documents, starts, Math.multiplyExact(rows.size(), seq));
    return filling.batch(
        rows.size(), seq, rows.stream().mapToInt(Example::tokens).toArray(), List.of(Span.of(seq)));
  }

  /** Batches the rows of one sequence, at least one, in their order: side by side. */
  public static TokenBatch packed(List<Example> rows) {
    return packed(rows, new int[] {rows.stream().mapToInt(Example::tokens).sum()});
  }

  /**
   * Batches the rows of sequences, at least one, in their order: side by side.
   *
   * @param sequences the tokens of each sequence
   */
  public static TokenBatch packed(List<Example> rows, int[] sequences) {
    return packedDocuments(rows.stream().map(Document::of).toList(), sequences);
  }

  /**
   * Batches documents in their order, side by side; at least one is not empty. A completion may be.
   *
   * @param sequences the tokens of each sequence, those of a prefix counted where they lie
   * @throws IllegalArgumentException where a prefix is not the beginning of an earlier document
   *     that follows none itself
   */
  public static TokenBatch packedDocuments(List<Document> documents, int[] sequences) {
    int[] starts = new int[documents.size()];
    int[] spanOf = new int[documents.size()];
    List<Span> spans = new ArrayList<>();
    int end = 0;
    for (int i = 0; i < starts.length; i++) {
      Document document = documents.get(i);
      checkPrefix(documents, i);
      int tokens = document.row().tokens();
      starts[i] = end;
      end = Math.addExact(end, tokens);
      spanOf[i] = spans.size();
      if (tokens > 0) {
        int prefixTokens = document.prefixTokens();
        spans.add(
            prefixTokens == 0
                ? Span.of(tokens)
                : new Span(tokens, spanOf[document.prefixOf()], prefixTokens));
      }
    }
    return new Filling(documents, starts, end).batch(1, end, sequences, spans);
  }

  private static void checkPrefix(List<Document> documents, int number) {
    Document document = documents.get(number);
    int prefixOf = document.prefixOf();
    if (document.prefixTokens() == 0) {
      return;
    }
    if (prefixOf >= number
        || documents.get(prefixOf).prefixTokens() > 0
        || documents.get(prefixOf).row().tokens() < document.prefixTokens()) {
      throw new IllegalArgumentException(
          "document %d follows %d tokens of document %d, which must be an earlier one without a"
                  .formatted(number, document.prefixTokens(), prefixOf)
              + " prefix and have as many");
    }
  }

  /** How many tokens carry loss. */
  public int lossTokens() {
    return targets.length;
  }

  /**
   * Of each token in how many rows it is, {@code [batch * seq]}: padding in none, a prefix in its
   * own and in all that follow it.
   */
  public float[] rowsOfTokens() {
    float[] rows = new float[ids.length];
    if (lengths.length == batch) {
      for (int b = 0; b < batch; b++) {
        Arrays.fill(rows, b * seq, b * seq + lengths[b], 1);
      }
    } else {
      Arrays.fill(rows, 1);
    }
    int[] starts = new int[documents.size()];
    for (int d = 1; d < starts.length; d++) {
      starts[d] = starts[d - 1] + documents.get(d - 1).tokens();
    }
    for (Span document : documents) {
      for (int t = 0; t < document.prefixTokens(); t++) {
        rows[starts[document.prefixOf()] + t]++;
      }
    }
    return rows;
  }

  /** The arrays of a batch, with each document put where it starts. */
  private static final class Filling {
    private final int[] ids;
    private final int[] targetPositions;
    private final int[] targets;
    private final int[] targetDocuments;
    private long tokens;
    private int found;

    Filling(List<Document> documents, int[] starts, int length) {
      int lossTokens = documents.stream().mapToInt(Document::lossTokens).sum();
      ids = new int[length];
      targetPositions = new int[lossTokens];
      targets = new int[lossTokens];
      targetDocuments = new int[lossTokens];
      for (int d = 0; d < starts.length; d++) {
        Document document = documents.get(d);
        Example row = document.row();
        System.arraycopy(row.ids(), 0, ids, starts[d], row.tokens());
        tokens += row.tokens();
        if (document.firstCarriesLoss()) {
          int last = starts[document.prefixOf()] + document.prefixTokens() - 1;
          add(last, row.labels()[0], d);
        }
        for (int t = 0; t + 1 < row.tokens(); t++) {
          int next = row.labels()[t + 1];
          if (next != JsonRow.NO_LOSS) {
            add(starts[d] + t, next, d);
          }
        }
      }
    }

    private void add(int position, int target, int document) {
      targetPositions[found] = position;
      targets[found] = target;
      targetDocuments[found] = document;
      found++;
    }

    TokenBatch batch(int batch, int seq, int[] lengths, List<Span> spans) {
      return new TokenBatch(
          ids, batch, seq, tokens, targetPositions, targets, targetDocuments, lengths, spans);
    }
  }
}
