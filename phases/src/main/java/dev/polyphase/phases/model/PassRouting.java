package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the routers of one pass said, and the loss of it. */
final class PassRouting {
  private final Kernel kernel;
  private final Devices devices;
  private final NDManager owner;
  private final NDManager scratch;
  private final float[] rowsOfTokens;
  private final RoutingLoss loss;
  private final Map<Integer, NDArray> weights = new HashMap<>();
  private final List<NDArray> sums = new ArrayList<>();
  private @Nullable NDArray slope;

  /**
   * Nothing heard yet.
   *
   * @param kernel of {@code routing.py}
   * @param scratch the owner of what is kept for the backward pass
   * @param loss of the step
   * @param owner of what the loss hears
   */
  PassRouting(
      Kernel kernel,
      Devices devices,
      TokenBatch batch,
      RoutingLoss loss,
      NDManager owner,
      NDManager scratch) {
    this.kernel = kernel;
    this.devices = devices;
    this.owner = owner;
    this.scratch = scratch;
    this.rowsOfTokens = batch.rowsOfTokens();
    this.loss = loss;
  }

  /**
   * A block's experts were chosen.
   *
   * @param said by its kernel: probabilities and choices
   */
  void hear(int layer, List<NDArray> said) {
    sums.add(
        kernel
            .method("sums")
            .with(said.get(0))
            .with(said.get(1))
            .with(weights(layer))
            .runForOne(scratch));
  }

  /**
   * All blocks were run: the step's loss hears of the pass's.
   *
   * @param onHead any array on the head's device
   */
  void finish(NDArray onHead) {
    double tokens = 0;
    for (float rows : rowsOfTokens) {
      tokens += rows;
    }
    NDList found =
        kernel.method("loss").withList("layers", sums).withNumber(tokens).with(onHead).run(scratch);
    found.get(0).attach(owner);
    loss.hear(found.get(0));
    slope = found.get(1);
  }

  /** The gradient of a block's probabilities, once all were run. */
  NDArray gradient(int layer) {
    if (slope == null) {
      throw new IllegalStateException("not all blocks were run");
    }
    return kernel
        .method("gradient")
        .with(slope)
        .with(weights(layer))
        .withNumber(loss.weightOfPass())
        .runForOne(scratch);
  }

  /** Of each token in how many rows it is, on a block's device. */
  private NDArray weights(int layer) {
    int device = devices.ofBlock(layer);
    return weights.computeIfAbsent(
        device,
        it ->
            devices
                .uploads(device)
                .of(devices.scratch(device, scratch), rowsOfTokens, rowsOfTokens.length));
  }
}
