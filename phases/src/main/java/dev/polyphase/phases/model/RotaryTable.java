package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * What turns queries and keys by one rope on one device: float32 tables by position, made for at
 * least the longest document seen so far. Where turns depend on lengths there is a table for each
 * kind of document that was seen lately.
 */
final class RotaryTable {
  /** A dynamic scaling has as many kinds of documents as there are lengths. */
  private static final int MOST_TABLES = 8;

  private final NDManager owner;
  private final Uploads uploads;
  private final Rope.Rotary rope;

  /** By the shortest document of the kind, in the order in which they were asked for last. */
  private final Map<Integer, Table> tables = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * No tables yet.
   *
   * @param owner of the tables
   * @param uploads to the owner's device
   */
  RotaryTable(NDManager owner, Uploads uploads, Rope.Rotary rope) {
    this.owner = owner;
    this.uploads = uploads;
    this.rope = rope;
  }

  /**
   * Of a batch that is not packed: positions from 0 on in each row, which turn as in a document of
   * the row's length, padding not counted.
   *
   * @return cos and sin, {@code [seq, rotary_dim]}, the latter times -1 in its first half, or
   *     {@code [batch, 1, seq, rotary_dim]} where rows are of several kinds; and where queries are
   *     scaled their scale, {@code [seq, 1]}
   */
  NDList ofRows(TokenBatch batch, NDManager scratch) {
    int seq = batch.seq();
    int[] lengths = batch.batch() == 1 ? new int[] {seq} : batch.lengths();
    List<Integer> kinds = kinds(Arrays.stream(lengths));
    List<NDList> rows = kinds.stream().map(kind -> table(kind, seq).of(0, seq, scratch)).toList();
    letGo();
    if (kinds.stream().distinct().count() == 1) {
      return rows.get(0);
    }
    NDList arrays = new NDList(3);
    arrays.add(NDArrays.stack(column(rows, 0)).expandDims(1));
    arrays.add(NDArrays.stack(column(rows, 1)).expandDims(1));
    arrays.attach(scratch);
    // The scale knows positions alone.
    arrays.addAll(rows.get(0).subNDList(2));
    return arrays;
  }

  /**
   * Of packed documents: positions from 0 on in each, or on from its prefix.
   *
   * @param positions of all tokens, int64 {@code [seq]} on this device
   * @return cos and sin, {@code [seq, rotary_dim]}; and where queries are scaled their scale,
   *     {@code [seq, 1]}
   * @throws IllegalArgumentException where turns depend on lengths and a prefix is shared, whose
   *     tokens would have to turn in several ways
   */
  NDList ofDocuments(List<TokenBatch.Span> documents, NDArray positions, NDManager scratch) {
    if (rope.dependsOnLength()
        && documents.stream().anyMatch(document -> document.prefixTokens() > 0)) {
      throw new IllegalArgumentException(
          "documents share a prefix, and positions depend on their lengths: " + rope);
    }
    List<Integer> kinds = kinds(documents.stream().mapToInt(TokenBatch.Span::seenTokens));
    if (kinds.stream().distinct().count() == 1) {
      int furthest = documents.stream().mapToInt(TokenBatch.Span::seenTokens).max().orElseThrow();
      NDList arrays = table(kinds.get(0), furthest).at(positions, scratch);
      letGo();
      return arrays;
    }
    List<NDList> parts =
        IntStream.range(0, kinds.size())
            .mapToObj(
                i -> {
                  int tokens = documents.get(i).tokens();
                  return table(kinds.get(i), tokens).of(0, tokens, scratch);
                })
            .toList();
    letGo();
    NDList arrays = new NDList(3);
    for (int array = 0; array < parts.get(0).size(); array++) {
      arrays.add(NDArrays.concat(column(parts, array)));
    }
    arrays.attach(scratch);
    return arrays;
  }

  private List<Integer> kinds(IntStream lengths) {
    return lengths.map(rope.scaling()::shortestAlike).boxed().toList();
  }

  /** Of the tables that were asked for longest ago; what a pass has of them stays. */
  private void letGo() {
    Iterator<Table> oldest = tables.values().iterator();
    while (tables.size() > MOST_TABLES) {
      oldest.next().close();
      oldest.remove();
    }
  }

  private Table table(int kind, int positions) {
    Table before = tables.get(kind);
    if (before != null && before.positions() >= positions) {
      return before;
    }
    if (before != null) {
      before.close();
    }
    // Twice as many as before, so that it is not made anew for each longer document.
    int made = before == null ? positions : Math.max(positions, 2 * before.positions());
    Table table = new Table(made, arrays(kind, made));
    tables.put(kind, table);
    return table;
  }

  private NDList arrays(int kind, int positions) {
    double[] frequencies = rope.frequencies(kind);
    double factor = rope.scaling().attentionFactor();
    int pairs = frequencies.length;
    float[] cos = new float[positions * 2 * pairs];
    float[] sin = new float[positions * 2 * pairs];
    IntStream.range(0, positions)
        .parallel()
        .forEach(
            position -> {
              for (int pair = 0; pair < pairs; pair++) {
                double angle = position * frequencies[pair];
                int first = position * 2 * pairs + pair;
                cos[first] = (float) (Math.cos(angle) * factor);
                sin[first] = (float) (Math.sin(angle) * factor);
                cos[first + pairs] = cos[first];
                // Of a turned pair the first value has less of the other one.
                sin[first + pairs] = sin[first];
                sin[first] = -sin[first];
              }
            });
    NDList arrays = new NDList(3);
    arrays.add(uploads.of(owner, cos, positions, 2L * pairs));
    arrays.add(uploads.of(owner, sin, positions, 2L * pairs));
    rope.queries()
        .ifPresent(scale -> arrays.add(uploads.of(owner, of(scale, positions), positions, 1)));
    return arrays;
  }

  private static float[] of(Rope.QueryScale scale, int positions) {
    float[] values = new float[positions];
    for (int position = 0; position < positions; position++) {
      values[position] = (float) scale.at(position);
    }
    return values;
  }

  private static NDList column(List<NDList> rows, int array) {
    NDList column = new NDList(rows.size());
    rows.forEach(row -> column.add(row.get(array)));
    return column;
  }

  /**
   * The arrays of positions from 0 on.
   *
   * @param positions how many
   * @param arrays as kernels get them, {@code [positions, ...]}
   */
  private record Table(int positions, NDList arrays) {
    NDList of(int from, int to, NDManager scratch) {
      NDIndex rows = new NDIndex(from + ":" + to);
      return part(array -> array.get(rows), scratch);
    }

    NDList at(NDArray chosen, NDManager scratch) {
      return part(array -> array.get(chosen), scratch);
    }

    private NDList part(UnaryOperator<NDArray> of, NDManager scratch) {
      NDList part = new NDList(arrays.size());
      arrays.forEach(array -> part.add(of.apply(array)));
      part.attach(scratch);
      return part;
    }

    void close() {
      arrays.close();
    }
  }
}
