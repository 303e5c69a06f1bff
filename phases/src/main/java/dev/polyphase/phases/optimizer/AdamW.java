package dev.polyphase.phases.optimizer;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.pipelines.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW as {@code torch.optim.AdamW} computes it, on float32 masters. The moments are kept by
 * parameter name. Norms and biases do not decay, as in Hugging Face's trainers.
 */
public final class AdamW implements AutoCloseable {
  private final NDManager manager;
  private final Kernel kernel;
  private final double weightDecay;
  private final Map<String, State> states = new LinkedHashMap<>();

  /**
   * An optimiser without state.
   *
   * @param parent the manager of the masters
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   */
  public AdamW(NDManager parent, Optimizer settings, double maxGradNorm) {
    this.manager = parent.newSubManager();
    this.weightDecay = settings.weightDecay();
    this.kernel =
        Kernel.load(
            manager,
            AdamW.class,
            "adamw.py",
            Map.of(
                "beta1", settings.beta1(),
                "beta2", settings.beta2(),
                "epsilon", settings.epsilon(),
                "max_grad_norm", maxGradNorm));
  }

  /**
   * One update of every master that has a gradient; the gradients are clipped in place. Nothing is
   * updated where their norm is not finite: every master would become a NaN.
   *
   * @return the gradients' norm before clipping
   */
  public float step(
      Map<String, NDArray> masters, Map<String, NDArray> gradients, double learningRate) {
    if (gradients.isEmpty()) {
      return 0;
    }
    try (NDManager scratch = manager.newSubManager()) {
      float norm =
          kernel
              .method("clip")
              .withList("gradients", List.copyOf(gradients.values()))
              .runForOne(scratch)
              .getFloat();
      if (!Float.isFinite(norm)) {
        return norm;
      }
      List<String> decayed = new ArrayList<>();
      List<String> exempt = new ArrayList<>();
      for (String name : gradients.keySet()) {
        boolean matrix = requireNonNull(masters.get(name)).getShape().dimension() > 1;
        (matrix ? decayed : exempt).add(name);
      }
      update(decayed, masters, gradients, learningRate, weightDecay, scratch);
      update(exempt, masters, gradients, learningRate, 0, scratch);
      return norm;
    }
  }

  @Override
  public void close() {
    kernel.close();
    manager.close();
  }

  private void update(
      List<String> names,
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      double learningRate,
      double decay,
      NDManager scratch) {
    if (names.isEmpty()) {
      return;
    }
    List<State> current =
        names.stream()
            .map(
                name ->
                    states.computeIfAbsent(
                        name, n -> State.zero(manager, requireNonNull(masters.get(n)))))
            .toList();
    kernel
        .method("update")
        .withList("masters", names.stream().map(masters::get).toList())
        .withList("gradients", names.stream().map(gradients::get).toList())
        .withList("m", current.stream().map(State::firstMoment).toList())
        .withList("v", current.stream().map(State::secondMoment).toList())
        .withList("steps", current.stream().map(State::steps).toList())
        .withNumber(learningRate)
        .withNumber(decay)
        .run(scratch);
  }

  /**
   * One parameter's moments.
   *
   * @param steps how many updates it has seen, float32 {@code []}, as libtorch wants it
   */
  private record State(NDArray firstMoment, NDArray secondMoment, NDArray steps) {
    static State zero(NDManager manager, NDArray master) {
      return new State(
          manager.zeros(master.getShape(), DataType.FLOAT32),
          manager.zeros(master.getShape(), DataType.FLOAT32),
          manager.zeros(new Shape(), DataType.FLOAT32));
    }
  }
}
