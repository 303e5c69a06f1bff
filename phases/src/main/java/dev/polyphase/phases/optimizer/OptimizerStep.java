package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.pipelines.Optimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/**
 * What happens to a model's float32 masters once a step's gradients are there: clipping by their
 * common norm, then the optimiser's update. States are kept by parameter name, each where its
 * master is. Norms and biases do not decay, as in Hugging Face's trainers.
 */
public final class OptimizerStep implements AutoCloseable {
  private final NDManager owner;
  private final ToIntFunction<String> placeOf;
  private final Clipping clipping;
  private final Updates updates;
  private final RoundingKeys keys;
  private long lastStep;

  private OptimizerStep(
      NDManager parent,
      ToIntFunction<String> placeOf,
      double maxGradNorm,
      Updates updates,
      RoundingKeys keys) {
    this.owner = parent.newSubManager();
    this.placeOf = placeOf;
    this.clipping = new Clipping(owner, maxGradNorm);
    this.updates = updates;
    this.keys = keys;
  }

  /**
   * An optimiser without state, for a model in one place.
   *
   * @param parent the manager of the masters
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   */
  public OptimizerStep(NDManager parent, Optimizer settings, double maxGradNorm) {
    this(List.of(parent), name -> 0, settings, maxGradNorm, new RoundingKeys(0));
  }

  /**
   * An optimiser without state, for a model in several places.
   *
   * @param parents the managers of each place's masters
   * @param placeOf the index among them of a parameter's
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   * @param seed of what is rounded at random, together with a step's number and parameters' names
   */
  public OptimizerStep(
      List<NDManager> parents,
      ToIntFunction<String> placeOf,
      Optimizer settings,
      double maxGradNorm,
      long seed) {
    this(parents, placeOf, settings, maxGradNorm, new RoundingKeys(seed));
  }

  private OptimizerStep(
      List<NDManager> parents,
      ToIntFunction<String> placeOf,
      Optimizer settings,
      double maxGradNorm,
      RoundingKeys keys) {
    this(
        parents.get(0),
        placeOf,
        maxGradNorm,
        new UpdatesInPlace(parents, placeOf, settings, keys),
        keys);
  }

  /**
   * An optimiser without state, for a model whose masters are on the CPU.
   *
   * @param parents the managers of each place's gradients
   * @param placeOf the index among them of a parameter's
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   * @param seed of what is rounded at random, together with a step's number and parameters' names
   */
  public static OptimizerStep onHost(
      HostMasters model,
      List<NDManager> parents,
      ToIntFunction<String> placeOf,
      Optimizer settings,
      double maxGradNorm,
      long seed) {
    RoundingKeys keys = new RoundingKeys(seed);
    return new OptimizerStep(
        parents.get(0), placeOf, maxGradNorm, new UpdatesOnHost(model, settings, keys), keys);
  }

  /**
   * The norm of gradients; nothing waits for it.
   *
   * @param owner the manager that what is still to be read belongs to
   */
  public GradientNorm norm(Map<String, NDArray> gradients, NDManager owner) {
    return gradients.isEmpty()
        ? GradientNorm.ofNone()
        : GradientNorm.of(clipping.norm(byPlace(gradients), owner));
  }

  /**
   * One update of every master that has a gradient; the gradients are clipped in place. Nothing is
   * updated where their norm is not finite: every master would become a NaN.
   *
   * @param step the step's number in the phase
   * @param norm of the gradients
   * @param learningRate the rate of each parameter, by its name
   */
  public void update(
      long step,
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      GradientNorm norm,
      ToDoubleFunction<String> learningRate) {
    if (gradients.isEmpty() || !Float.isFinite(norm.value())) {
      return;
    }
    try (NDManager scratch = owner.newSubManager()) {
      clipping.scale(byPlace(gradients), norm.onDevice(), scratch);
    }
    lastStep = step;
    keys.startStep(step);
    updates.make(masters, gradients, learningRate);
  }

  /**
   * Both at once, as the step that follows the last.
   *
   * @return the gradients' norm before clipping
   */
  public float step(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate) {
    try (NDManager scratch = owner.newSubManager()) {
      GradientNorm norm = norm(gradients, scratch);
      update(lastStep + 1, masters, gradients, norm, learningRate);
      return norm.value();
    }
  }

  /** Drops the states of a parameter; should it be trained again, it begins anew. */
  public void forget(String name) {
    updates.forget(name);
  }

  @Override
  public void close() {
    updates.close();
    clipping.close();
    owner.close();
  }

  private List<Clipping.Numbered> byPlace(Map<String, NDArray> gradients) {
    Map<Integer, Clipping.Numbered> byPlace = new TreeMap<>();
    int number = 0;
    for (Map.Entry<String, NDArray> gradient : gradients.entrySet()) {
      Clipping.Numbered place =
          byPlace.computeIfAbsent(
              placeOf.applyAsInt(gradient.getKey()),
              p -> new Clipping.Numbered(new ArrayList<>(), new ArrayList<>()));
      place.numbers().add(number++);
      place.gradients().add(gradient.getValue());
    }
    return List.copyOf(byPlace.values());
  }
}
