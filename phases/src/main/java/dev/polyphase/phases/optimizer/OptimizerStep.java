package dev.polyphase.phases.optimizer;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.pipelines.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What happens to a model's float32 masters once a step's gradients are there: clipping by their
 * common norm, then the optimiser's update. States are kept by parameter name. Norms and biases do
 * not decay, as in Hugging Face's trainers.
 */
public final class OptimizerStep implements AutoCloseable {
  private final NDManager manager;
  private final Clipping clipping;
  private final UpdateRule rule;
  private final double weightDecay;

  /**
   * An optimiser without state.
   *
   * @param parent the manager of the masters
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   */
  public OptimizerStep(NDManager parent, Optimizer settings, double maxGradNorm) {
    this.manager = parent.newSubManager();
    this.clipping = new Clipping(manager, maxGradNorm);
    this.rule = UpdateRules.of(manager, settings);
    this.weightDecay = settings.weightDecay();
  }

  /**
   * One update of every master that has a gradient; the gradients are clipped in place. Nothing is
   * updated where their norm is not finite: every master would become a NaN.
   *
   * @param learningRate the rate of each parameter, by its name
   * @return the gradients' norm before clipping
   */
  public float step(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate) {
    if (gradients.isEmpty()) {
      return 0;
    }
    try (NDManager scratch = manager.newSubManager()) {
      float norm = clipping.clip(List.copyOf(gradients.values()), scratch);
      if (Float.isFinite(norm)) {
        for (UpdateGroup group : groups(masters, gradients, learningRate)) {
          rule.update(group, scratch);
        }
      }
      return norm;
    }
  }

  /** The norm of the gradients of a step that is not taken; they are clipped in place. */
  public float norm(Map<String, NDArray> gradients) {
    if (gradients.isEmpty()) {
      return 0;
    }
    try (NDManager scratch = manager.newSubManager()) {
      return clipping.clip(List.copyOf(gradients.values()), scratch);
    }
  }

  /** Drops the states of a parameter; should it be trained again, it begins anew. */
  public void forget(String name) {
    rule.forget(name);
  }

  @Override
  public void close() {
    rule.close();
    clipping.close();
    manager.close();
  }

  /** The parameters that share a rate and a decay, together. */
  private List<UpdateGroup> groups(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate) {
    record Kind(double learningRate, double weightDecay) {}
    Map<Kind, List<UpdateGroup.Item>> items = new LinkedHashMap<>();
    gradients.forEach(
        (name, gradient) -> {
          NDArray master = requireNonNull(masters.get(name));
          double decay = master.getShape().dimension() > 1 ? weightDecay : 0;
          items
              .computeIfAbsent(
                  new Kind(learningRate.applyAsDouble(name), decay), k -> new ArrayList<>())
              .add(new UpdateGroup.Item(name, master, gradient));
        });
    return items.entrySet().stream()
        .map(
            entry ->
                new UpdateGroup(
                    entry.getValue(), entry.getKey().learningRate(), entry.getKey().weightDecay()))
        .toList();
  }
}
