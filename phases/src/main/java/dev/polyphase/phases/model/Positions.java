package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.LongStream;

/**
 * Where the tokens of passes are, for the blocks on one device: blocks of one rope share a table.
 */
final class Positions {
  private final Uploads uploads;
  private final boolean onGpu;
  private final Map<Rope, RotaryTable> tables = new LinkedHashMap<>();

  /**
   * Of no pass yet.
   *
   * @param owner of what stays from pass to pass, on the device
   * @param uploads to the device
   * @param ropes of the device's blocks
   */
  Positions(NDManager owner, Uploads uploads, Collection<Rope> ropes) {
    this.uploads = uploads;
    this.onGpu = owner.getDevice().isGpu();
    for (Rope rope : ropes) {
      if (rope instanceof Rope.Rotary rotary) {
        tables.computeIfAbsent(rotary, it -> new RotaryTable(owner, uploads, rotary));
      }
    }
  }

  /** Where the tokens of a batch are. */
  OfPass of(TokenBatch batch, NDManager scratch) {
    Map<Rope, NDList> arrays = new LinkedHashMap<>();
    List<TokenBatch.Span> documents = batch.documents();
    if (documents.size() == 1) {
      tables.forEach((rope, table) -> arrays.put(rope, table.ofRows(batch, scratch)));
      return new OfPass(arrays, new long[] {batch.seq(), -1, 0}, List.of());
    }
    if (!tables.isEmpty()) {
      long[] ofTokens = ofTokens(documents);
      NDArray positions = uploads.of(scratch, ofTokens, ofTokens.length);
      tables.forEach(
          (rope, table) -> arrays.put(rope, table.ofDocuments(documents, positions, scratch)));
    }
    List<NDArray> starts = new ArrayList<>();
    if (onGpu) {
      starts.add(uploads.of(scratch, starts(documents, TokenBatch.Span::tokens)));
      starts.add(uploads.of(scratch, starts(documents, TokenBatch.Span::seenTokens)));
    }
    return new OfPass(arrays, numbers(documents), starts);
  }

  /** From 0 on in each document, or on from its prefix. */
  private static long[] ofTokens(List<TokenBatch.Span> documents) {
    return documents.stream()
        .flatMapToLong(document -> LongStream.range(document.prefixTokens(), document.seenTokens()))
        .toArray();
  }

  private static long[] numbers(List<TokenBatch.Span> documents) {
    return documents.stream()
        .flatMapToLong(
            document ->
                LongStream.of(document.tokens(), document.prefixOf(), document.prefixTokens()))
        .toArray();
  }

  /** Where each document begins and the last one ends, if each has so many tokens. */
  static int[] starts(List<TokenBatch.Span> documents, ToIntFunction<TokenBatch.Span> tokens) {
    int[] starts = new int[documents.size() + 1];
    for (int i = 0; i < documents.size(); i++) {
      starts[i + 1] = starts[i] + tokens.applyAsInt(documents.get(i));
    }
    return starts;
  }

  /**
   * Where the tokens of a pass are, on one device.
   *
   * @param arrays by rope, what turns queries and keys, as {@code block.py} has it
   * @param documents three numbers of each document in a row: its tokens, which document begins
   *     with its prefix, and the tokens of that, as {@link TokenBatch.Span} has them
   * @param starts on a GPU, of several documents in a row: where each begins among all tokens and
   *     the last ends, {@code [n + 1]} int32, and the same with each one's prefix before it
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record OfPass(Map<Rope, NDList> arrays, long[] documents, List<NDArray> starts) {
    /** What turns queries and keys; nothing for a rope that turns nothing. */
    List<NDArray> arrays(Rope rope) {
      return arrays.getOrDefault(rope, new NDList());
    }
  }
}
