package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One batch on its way up through the stages and down again: what each leaves for the next one, and
 * for its own way back. In one stage at a time.
 */
final class Pass implements AutoCloseable {
  private final TokenBatch batch;
  private final NDManager scratch;
  private final @Nullable PassRouting routing;
  private final @Nullable Differentiation differentiation;
  private final Map<Integer, Positions.OfPass> positions = new HashMap<>();
  private final Deque<Trace> traces = new ArrayDeque<>();
  private @Nullable NDArray ids;
  private @Nullable NDArray stream;
  private UpperEnd.@Nullable Rows rows;
  private @Nullable NDArray gradient;
  private @Nullable Runnable putOff;

  /**
   * Before its first stage.
   *
   * @param scratch the owner of all that it has, closed with it
   * @param routing hears of the pass; null for nobody
   * @param differentiation what for; null where there is no way back
   */
  Pass(
      TokenBatch batch,
      NDManager scratch,
      @Nullable PassRouting routing,
      @Nullable Differentiation differentiation) {
    this.batch = batch;
    this.scratch = scratch;
    this.routing = routing;
    this.differentiation = differentiation;
  }

  TokenBatch batch() {
    return batch;
  }

  /** The owner of its arrays. */
  NDManager scratch() {
    return scratch;
  }

  @Nullable PassRouting routing() {
    return routing;
  }

  /** What it is differentiated for; null where it is not. */
  @Nullable Differentiation differentiation() {
    return differentiation;
  }

  /** What it is differentiated for, which it is. */
  Differentiation wanted() {
    return requireNonNull(differentiation, "there is no way back");
  }

  /** Keeps where the tokens are, for the blocks of a place. */
  Positions.OfPass keepPositions(int place, Positions.OfPass ofPlace) {
    positions.put(place, ofPlace);
    return ofPlace;
  }

  Positions.OfPass positions(int place) {
    return requireNonNull(positions.get(place));
  }

  /** Keeps what a block left for its backward pass; the blocks above are yet to come. */
  void push(Trace trace) {
    traces.push(trace);
  }

  /** What the highest block left so far; null before the first. */
  @Nullable Trace peek() {
    return traces.peek();
  }

  /** What the highest block left whose backward pass has not been. */
  Trace pop() {
    return traces.pop();
  }

  /** Keeps the ids {@code [batch, seq]}. */
  void keepIds(NDArray ofTokens) {
    ids = ofTokens;
  }

  NDArray ids() {
    return requireNonNull(ids);
  }

  /** Leaves the residual stream {@code [batch, seq, hidden]} to the next stage up. */
  void leaveStream(NDArray x) {
    stream = x;
  }

  NDArray stream() {
    return requireNonNull(stream);
  }

  /** Keeps what the upper end left for its backward pass. */
  void keepRows(UpperEnd.Rows ofHead) {
    rows = ofHead;
  }

  UpperEnd.Rows rows() {
    return requireNonNull(rows);
  }

  /** Leaves the gradient of the residual stream to the next stage down; null for none. */
  void leaveGradient(@Nullable NDArray gx) {
    gradient = gx;
  }

  @Nullable NDArray gradient() {
    return gradient;
  }

  /** Puts something off until the embedding's gradient is about to be added. */
  void putOff(Runnable work) {
    putOff = work;
  }

  /** Does what was put off, if anything was. */
  void catchUp() {
    @Nullable Runnable work = putOff;
    if (work != null) {
      putOff = null;
      work.run();
    }
  }

  /** Frees all that it has. */
  @Override
  public void close() {
    scratch.close();
  }
}
