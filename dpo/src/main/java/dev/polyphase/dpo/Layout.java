package dev.polyphase.dpo;

import dev.polyphase.data.Example;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.objective.BatchSize;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How prompts with completions lie in a batch. */
public enum Layout {
  /** One below the other, padded to the longest. */
  PADDED,

  /** Side by side, without padding. */
  PACKED,

  /** Side by side, and the second completion of a pair without its prompt, which it follows. */
  SHARED_PROMPTS;

  /**
   * Lays rows out; a row's number is its document's.
   *
   * @param rows prompts with completions, of pairs first those with the chosen ones
   * @param prompts the tokens of the prompts of pairs; empty where there are none
   */
  TokenBatch of(List<Example> rows, int[] prompts) {
    return switch (this) {
      case PADDED -> TokenBatch.of(rows);
      case PACKED -> TokenBatch.packed(rows);
      case SHARED_PROMPTS -> sharing(rows, prompts);
    };
  }

  /** What it counts of tokens are those of both rows, as of every other layout. */
  private static TokenBatch sharing(List<Example> rows, int[] prompts) {
    List<Document> documents = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Example row = rows.get(i);
      if (i < prompts.length) {
        documents.add(Document.of(row));
      } else {
        int pair = i - prompts.length;
        Example completion = row.part(prompts[pair], row.tokens());
        documents.add(new Document(completion, pair, prompts[pair]));
      }
    }
    int there = documents.stream().mapToInt(document -> document.row().tokens()).sum();
    TokenBatch batch = TokenBatch.packedDocuments(documents, new int[] {there});
    return new TokenBatch(
        batch.ids(),
        batch.batch(),
        batch.seq(),
        rows.stream().mapToLong(Example::tokens).sum(),
        batch.targetPositions(),
        batch.targets(),
        batch.targetDocuments(),
        batch.lengths(),
        batch.documents());
  }

  /**
   * The size of such a batch.
   *
   * @param rows the tokens of its rows
   * @param prompts of the prompts of pairs
   */
  BatchSize size(int[] rows, int[] prompts) {
    int longest = Arrays.stream(rows).max().orElseThrow();
    int all = Arrays.stream(rows).sum();
    return switch (this) {
      case PADDED -> new BatchSize(rows.length, longest);
      case PACKED -> new BatchSize(1, all, longest);
      case SHARED_PROMPTS -> {
        int again = Arrays.stream(prompts).sum();
        long seen = 0;
        for (int pair = 0; pair < prompts.length; pair++) {
          int second = rows[prompts.length + pair];
          seen += prompts[pair] == 0 ? 0 : (long) (second - prompts[pair]) * second;
        }
        yield new BatchSize(1, all - again, longest, again, seen);
      }
    };
  }
}
