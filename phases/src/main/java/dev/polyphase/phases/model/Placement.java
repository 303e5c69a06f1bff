package dev.polyphase.phases.model;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * Where and how a model is in memory. Each place holds consecutive blocks; the first one also the
 * embedding, the last one the final norm and the head. A tied head is the embedding itself, so that
 * there the first place has norm and head as well.
 *
 * <p>Of a place's blocks the upper ones are kept for the backward pass and the lower ones computed
 * again. A backward pass begins at the top: what upper blocks keep makes way for the gradients of
 * those below them, while what lower ones keep is there together with the gradients of all above.
 * Of alike blocks no other choice of as many has a peak that is lower by more than one block's
 * input: at no moment are fewer kept blocks left to be differentiated, and at that of a block to be
 * computed again its own intermediate results come on top of theirs.
 *
 * @param devices the device of each place, named as in {@link Libtorch#newManager}; one may be
 *     named several times
 * @param firstBlocks the first block of each place, from 0 on; a place without blocks begins where
 *     the next one does
 * @param precision of the frozen weights and the compute
 * @param keptFrom the lowest block of each place that is kept for the backward pass, with all that
 *     are above it at that place
 * @param mastersOnHost whether the masters of trained tensors are on the CPU, and the model
 *     computes with copies of them in its own dtype
 */
public record Placement(
    List<String> devices,
    List<Integer> firstBlocks,
    Precision precision,
    List<Integer> keptFrom,
    boolean mastersOnHost) {
  public Placement {
    devices = List.copyOf(devices);
    firstBlocks = List.copyOf(firstBlocks);
    keptFrom = List.copyOf(keptFrom);
  }

  /** All blocks alike. */
  public Placement(
      List<String> devices,
      List<Integer> firstBlocks,
      Precision precision,
      Activations activations,
      boolean mastersOnHost) {
    this(
        devices,
        firstBlocks,
        precision,
        Collections.nCopies(
            devices.size(), activations == Activations.KEPT ? 0 : Integer.MAX_VALUE),
        mastersOnHost);
  }

  /** Everything on one device. */
  public static Placement on(String device, Precision precision, Activations activations) {
    return new Placement(List.of(device), List.of(0), precision, activations, false);
  }

  /**
   * The same with other blocks of a place kept.
   *
   * @param from the lowest of them; {@link Integer#MAX_VALUE} for none
   */
  public Placement keeping(int place, int from) {
    List<Integer> others = new ArrayList<>(keptFrom);
    others.set(place, from);
    return new Placement(devices, firstBlocks, precision, others, mastersOnHost);
  }

  /** What becomes of a block's intermediate results. */
  public Activations ofBackward(int layer) {
    return layer >= keptFrom.get(ofBlock(layer)) ? Activations.KEPT : Activations.RECOMPUTED;
  }

  /** The place of a block. */
  public int ofBlock(int layer) {
    int place = devices.size() - 1;
    while (place > 0 && firstBlocks.get(place) > layer) {
      place--;
    }
    return place;
  }

  /** The place of the embedding. */
  public int ofEmbedding() {
    return 0;
  }

  /** The place of the final norm and the head. */
  public int ofHead(ModelLayout layout) {
    return layout.config().tiedHead() ? ofEmbedding() : devices.size() - 1;
  }

  /**
   * How many of a step's passes are at most between their forward and their backward pass at a
   * place, so that what is kept of its blocks is there so many times.
   *
   * @param passes of a step
   */
  public int inFlight(int place, int passes, ModelLayout layout) {
    int last = devices.size() - 1;
    int stages = ofHead(layout) == last ? last + 1 : last + 2;
    return TurnOrder.inFlight(place, stages, passes);
  }

  /** The place of a parameter, or of an adapter's. */
  public int of(String parameter, ModelLayout layout) {
    OptionalInt block = ModelLayout.blockOf(parameter);
    if (block.isPresent()) {
      return ofBlock(block.getAsInt());
    }
    return parameter.equals(layout.embedding()) ? ofEmbedding() : ofHead(layout);
  }
}
