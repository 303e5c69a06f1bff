package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.weights.RowRanges;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an optimiser updates: a trained tensor, or a range of its rows. Each has states of its own,
 * so that rows that are not trained have no part in the gradients' norm, no moments, no decay, and
 * are never written to.
 */
public final class TrainedPart {
  private final TrainedTensor tensor;
  private final String name;
  private final RowRanges.@Nullable Range rows;
  private final @Nullable RowViews views;
  private final Master master;
  private final NDArray compute;
  private @Nullable NDArray gradient;
  private @Nullable NDManager stateOwner;
  private Map<String, NDArray> state = Map.of();

  /** All of a tensor. */
  TrainedPart(TrainedTensor tensor) {
    this.tensor = tensor;
    this.name = tensor.name();
    this.rows = null;
    this.views = null;
    this.master = tensor.master();
    this.compute = tensor.compute();
  }

  /** Some rows of it. */
  TrainedPart(TrainedTensor tensor, RowRanges.Range rows, RowViews views) {
    this.tensor = tensor;
    this.name = "%s[%d:%d]".formatted(tensor.name(), rows.start(), rows.end());
    this.rows = rows;
    this.views = views;
    this.master = tensor.master().rows(rows, views);
    this.compute = tensor.hasCopy() ? views.of(tensor.compute(), rows) : master.upper();
  }

  /** The tensor that it is of. */
  public TrainedTensor tensor() {
    return tensor;
  }

  /** The tensor's name, or {@code NAME[start:end]}. */
  public String name() {
    return name;
  }

  /** What is updated; of rows views. */
  public Master master() {
    return master;
  }

  /** What the model computes with in its place, as {@link TrainedTensor#compute()}. */
  public NDArray compute() {
    return compute;
  }

  /** This step's gradient, float32 or of the compute's 16 bits, of the master's shape. */
  public NDArray gradient() {
    return requireNonNull(gradient, name);
  }

  /**
   * Takes its gradient from the tensor's.
   *
   * @param owner of a view of it
   */
  void takeGradient(NDManager owner) {
    NDArray whole = tensor.gradient();
    gradient = rows == null || views == null ? whole : views.of(whole, rows, owner);
  }

  /** Where updates are made on another device than the model's: its gradient there. */
  public void moveGradient(NDArray there) {
    gradient = there;
  }

  /** Whether it was updated before. */
  public boolean hasState() {
    return stateOwner != null;
  }

  /**
   * Gives it an optimiser's states.
   *
   * @param owner of these arrays and no others; closed with the part
   */
  public void begin(NDManager owner, Map<String, NDArray> states) {
    stateOwner = owner;
    state = states;
  }

  /** An optimiser's states by their names; empty before its first update. */
  public Map<String, NDArray> state() {
    return state;
  }

  /** One of its states. */
  public NDArray state(String which) {
    return requireNonNull(state.get(which), which);
  }

  /** Drops its states; should it be updated again, it begins anew. */
  public void forgetState() {
    if (stateOwner != null) {
      stateOwner.close();
      stateOwner = null;
      state = Map.of();
    }
  }

  void close() {
    forgetState();
    if (rows != null) {
      if (tensor.hasCopy()) {
        compute.close();
      }
      master.close();
    }
  }
}
