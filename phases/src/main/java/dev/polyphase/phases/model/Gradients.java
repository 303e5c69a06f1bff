package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of one optimiser step, summed over its micro-batches in float32; where one pass
 * alone gives one it keeps the dtype that it was computed in. Which tensors have one. The sums
 * themselves are with the tensors.
 */
public final class Gradients {
  private final NDManager owner;
  private final @Nullable RoutingLoss routing;
  private final List<TrainedTensor> tensors = new ArrayList<>();
  private final Map<Integer, NDManager> ofPlaces = new ConcurrentHashMap<>();

  /**
   * No gradients yet, of a loss without that of routing.
   *
   * @param owner the manager of the sums; closed at the step's end
   */
  public Gradients(NDManager owner) {
    this(owner, null);
  }

  /**
   * No gradients yet.
   *
   * @param owner the manager of the sums; closed at the step's end
   * @param routing the loss of routing, which hears of each pass; null for none
   */
  public Gradients(NDManager owner, @Nullable RoutingLoss routing) {
    this.owner = owner;
    this.routing = routing;
  }

  /** The loss of routing that they are of beside the model's; null for none. */
  @Nullable RoutingLoss routing() {
    return routing;
  }

  NDManager owner() {
    return owner;
  }

  /** The owner of the sums at a place, which has one alone: others may be added to meanwhile. */
  NDManager owner(int place) {
    return ofPlaces.computeIfAbsent(place, it -> owner.newSubManager());
  }

  /**
   * A tensor has a gradient. Which ones have is known when the first pass is through: until then
   * one stage at a time says so.
   */
  void has(TrainedTensor tensor) {
    tensors.add(tensor);
  }

  /**
   * What is to be updated, each with its gradient, in the order in which tensors had their first.
   */
  public List<TrainedPart> parts() {
    List<TrainedPart> parts = new ArrayList<>();
    for (TrainedTensor tensor : tensors) {
      for (TrainedPart part : tensor.parts()) {
        part.takeGradient(owner);
        parts.add(part);
      }
    }
    return parts;
  }

  /**
   * The sums by the names of the tensors that had any; of the compute's dtype where none was added.
   */
  public Map<String, NDArray> byName() {
    Map<String, NDArray> byName = new LinkedHashMap<>();
    tensors.forEach(tensor -> byName.put(tensor.name(), tensor.gradient()));
    return byName;
  }
}
