package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.pipelines.Optimizer;
import java.util.List;
import java.util.Map;

/**
 * Muon (Jordan et al. 2024) for the blocks' matrices, of the size of AdamW's updates (Liu et al.
 * 2025) so that its rates serve; AdamW for embedding, head, norms and biases. A matrix has the
 * state {@code momenta}.
 */
final class Muon implements UpdateRule {
  private static final double MOMENTUM = 0.95;

  /** Of an update before the rate, by the root of the longer side, as in the kernel. */
  private static final double SIZE = 0.2;

  /** Jordan's polynomial is at most 1.21 from 0 to there; some room for products in bfloat16. */
  private static final double LARGEST_SINGULAR_VALUE = 1.3;

  private final Kernel kernel;
  private final AdamW others;

  Muon(NDManager manager, Optimizer settings, boolean halves) {
    this.kernel = UpdateRule.load(manager, "muon.py", Map.of("momentum", MOMENTUM), halves);
    this.others = new AdamW(manager, settings, halves);
  }

  static long stateBytes(Parameter parameter) {
    return isBlocksMatrix(parameter.name(), parameter.shape().size())
        ? 4 * parameter.values()
        : AdamW.stateBytes(parameter);
  }

  /**
   * In float32 the iteration holds three matrices, and of the smaller side a square one. On a GPU,
   * where it has two bytes a value, the most is before it: what is to be made orthogonal, as it is
   * and of norm 1.
   */
  static long workBytes(Parameter parameter, boolean gpu) {
    if (!isBlocksMatrix(parameter.name(), parameter.shape().size())) {
      return 0;
    }
    long smaller = Math.min(parameter.shape().get(0), parameter.shape().get(1));
    return gpu
        ? 2 * Float.BYTES * parameter.values()
        : Float.BYTES * (3 * parameter.values() + smaller * smaller);
  }

  /** No value of a matrix is above its largest singular value, which the iteration leaves so. */
  static double largestUpdate(Optimizer settings, Parameter parameter) {
    if (!isBlocksMatrix(parameter.name(), parameter.shape().size())) {
      return AdamW.largestUpdate(settings);
    }
    long longer = Math.max(parameter.shape().get(0), parameter.shape().get(1));
    return LARGEST_SINGULAR_VALUE * SIZE * Math.sqrt((double) longer);
  }

  @Override
  public Map<String, NDArray> newState(TrainedPart part, NDManager owner) {
    return isBlocksMatrix(part)
        ? Map.of("momenta", owner.zeros(part.master().shape(), DataType.FLOAT32))
        : others.newState(part, owner);
  }

  @Override
  public void update(List<TrainedPart> parts, Settings how, NDManager scratch) {
    others.update(parts.stream().filter(part -> !isBlocksMatrix(part)).toList(), how, scratch);
    List<TrainedPart> matrices = parts.stream().filter(Muon::isBlocksMatrix).toList();
    if (!matrices.isEmpty()) {
      how.to(UpdateRule.call(kernel, "update", matrices, "momenta")).run(scratch);
    }
  }

  @Override
  public void close() {
    others.close();
    kernel.close();
  }

  private static boolean isBlocksMatrix(TrainedPart part) {
    return isBlocksMatrix(part.name(), part.master().shape().dimension());
  }

  private static boolean isBlocksMatrix(String name, int dimensions) {
    return dimensions == 2 && ModelLayout.isOfBlock(name);
  }
}
