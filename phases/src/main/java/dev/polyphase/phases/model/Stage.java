package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Uploads;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a pass goes through at one place before it goes on to the next: consecutive blocks, and the
 * ends that the place has. A tied head that is not where the last blocks are is a stage of its own,
 * the second one of the first place.
 */
final class Stage {
  private final int place;
  private final int firstBlock;
  private final int endBlock;
  private final Blocks blocks;
  private final Devices devices;
  private final Positions positions;
  private final @Nullable LowerEnd lower;
  private final @Nullable UpperEnd upper;

  private Stage(
      int place,
      int firstBlock,
      int endBlock,
      Blocks blocks,
      Devices devices,
      ModelConfig config,
      @Nullable LowerEnd lower,
      @Nullable UpperEnd upper) {
    this.place = place;
    this.firstBlock = firstBlock;
    this.endBlock = endBlock;
    this.blocks = blocks;
    this.devices = devices;
    this.lower = lower;
    this.upper = upper;
    Set<Rope> ropes = new LinkedHashSet<>();
    for (int layer = firstBlock; layer < endBlock; layer++) {
      ropes.add(config.blocks().get(layer).attention().rope());
    }
    this.positions = new Positions(devices.manager(place), devices.uploads(place), ropes);
  }

  /** The stages of a model in the order of the forward pass. */
  static List<Stage> of(
      Devices devices, Blocks blocks, ModelConfig config, LowerEnd lower, Ends ends) {
    int count = blocks.count();
    // Of the last block's output; of a model without blocks, of the embedding's.
    int last = count > 0 ? devices.ofBlock(count - 1) : devices.ofEmbedding();
    Uploads toHead = devices.uploads(devices.ofHead());
    UpperEnd upper = new UpperEnd(ends, devices.uploads(last), toHead);
    boolean headIsApart = devices.ofHead() != last;
    List<Stage> stages = new ArrayList<>();
    int first = 0;
    for (int place = 0; place <= last; place++) {
      int end = first;
      while (end < count && devices.ofBlock(end) == place) {
        end++;
      }
      boolean hasEmbedding = place == devices.ofEmbedding();
      if (hasEmbedding || end > first) {
        stages.add(
            new Stage(
                place,
                first,
                end,
                blocks,
                devices,
                config,
                hasEmbedding ? lower : null,
                place == last && !headIsApart ? upper : null));
      }
      first = end;
    }
    if (headIsApart) {
      stages.add(new Stage(devices.ofHead(), count, count, blocks, devices, config, null, upper));
    }
    return stages;
  }

  /** Where it is. */
  int place() {
    return place;
  }

  /** The model's upper end, where it has that one. */
  @Nullable UpperEnd upper() {
    return upper;
  }

  /** Up through its blocks; a pass that is differentiated goes on to the loss, where it has one. */
  void forward(Pass pass) {
    NDArray x = lower == null ? pass.stream() : lower.forward(pass);
    pass.leaveStream(endBlock > firstBlock ? throughBlocks(pass, x) : x);
    if (upper != null && pass.differentiation() != null) {
      upper.forward(pass);
    }
  }

  /** Down again, to the lowest trained tensor. Below that there is nothing to be done. */
  void backward(Pass pass) {
    @Nullable NDArray gx = upper == null ? pass.gradient() : upper.backward(pass);
    if (gx == null) {
      return;
    }
    Differentiation wanted = pass.wanted();
    TrainedDepth depth = wanted.depth();
    for (int layer = endBlock - 1; layer >= firstBlock && depth.reaches(layer); layer--) {
      NDArray next =
          blocks.backward(
              layer,
              pass.pop(),
              pass.positions(place),
              wanted.dropoutSeed(),
              gx,
              pass.routing(),
              depth.belowBlock(layer),
              wanted.gradients(),
              pass.scratch());
      if (depth.belowBlock(layer)) {
        gx.close();
      }
      gx = next;
    }
    pass.leaveGradient(gx);
    if (lower != null && depth.embedding()) {
      lower.backward(pass, gx);
    }
  }

  private NDArray throughBlocks(Pass pass, NDArray input) {
    NDManager scratch = pass.scratch();
    Positions.OfPass at =
        pass.keepPositions(place, positions.of(pass.batch(), devices.scratch(place, scratch)));
    @Nullable Differentiation wanted = pass.differentiation();
    NDArray x = input;
    for (int layer = firstBlock; layer < endBlock; layer++) {
      if (wanted == null || !wanted.depth().reaches(layer)) {
        NDArray y = blocks.forward(layer, x, at, pass.routing(), scratch);
        x.close();
        x = y;
      } else {
        Trace trace =
            blocks.traced(
                layer,
                x,
                pass.peek(),
                at,
                wanted.dropoutSeed(),
                pass.routing(),
                wanted.depth().belowBlock(layer),
                scratch);
        pass.push(trace);
        x = trace.output();
      }
    }
    return x;
  }
}
