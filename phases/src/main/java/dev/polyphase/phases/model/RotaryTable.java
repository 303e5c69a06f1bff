package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The cosines and sines of rotary positions, made for at least the longest sequence seen so far.
 */
final class RotaryTable {
  private final NDManager owner;
  private final double[] frequencies;
  private int positions;
  private @Nullable NDArray cos;
  private @Nullable NDArray sin;

  RotaryTable(NDManager owner, double[] frequencies) {
    this.owner = owner;
    this.frequencies = frequencies;
  }

  /**
   * Where the tokens of a batch are.
   *
   * @param uploads to this table's device
   */
  Slice of(TokenBatch batch, Uploads uploads, NDManager scratch) {
    List<TokenBatch.Span> documents = batch.documents();
    if (documents.size() == 1) {
      return upTo(batch.seq(), scratch);
    }
    int furthest = documents.stream().mapToInt(TokenBatch.Span::seenTokens).max().orElseThrow();
    Slice longest = upTo(furthest, scratch);
    long[] ofTokens = positions(documents);
    NDArray positions = uploads.of(scratch, ofTokens, ofTokens.length);
    NDArray cosRows = longest.cos().get(positions);
    NDArray sinRows = longest.sin().get(positions);
    cosRows.attach(scratch);
    sinRows.attach(scratch);
    return new Slice(cosRows, sinRows, numbers(documents));
  }

  /** Where the tokens of a row are that holds one document. */
  Slice upTo(int seq, NDManager scratch) {
    if (cos == null || sin == null || seq > positions) {
      if (cos != null && sin != null) {
        cos.close();
        sin.close();
      }
      // Twice as many as before, so that it is not made anew for each longer row.
      positions = Math.max(seq, 2 * positions);
      cos = table(Math::cos);
      sin = table(Math::sin);
    }
    NDIndex rows = new NDIndex(":" + seq);
    NDArray cosRows = cos.get(rows);
    NDArray sinRows = sin.get(rows);
    cosRows.attach(scratch);
    sinRows.attach(scratch);
    return new Slice(cosRows, sinRows, new long[] {seq, -1, 0});
  }

  private NDArray table(DoubleUnaryOperator function) {
    int pairs = frequencies.length;
    float[] values = new float[positions * 2 * pairs];
    for (int position = 0; position < positions; position++) {
      for (int pair = 0; pair < pairs; pair++) {
        float value = (float) function.applyAsDouble(position * frequencies[pair]);
        values[position * 2 * pairs + pair] = value;
        values[position * 2 * pairs + pairs + pair] = value;
      }
    }
    return owner.create(values, new Shape(positions, 2L * pairs));
  }

  /** From 0 on in each document, or on from its prefix. */
  private static long[] positions(List<TokenBatch.Span> documents) {
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

  /**
   * Where the tokens of a row are.
   *
   * @param cos of each token's position in its document, {@code [seq, headDim]}, float32
   * @param sin likewise
   * @param documents three numbers of each document in the row: its tokens, which document begins
   *     with its prefix, and the tokens of that, as {@link TokenBatch.Span} has them
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Slice(NDArray cos, NDArray sin, long[] documents) {}
}
