package dev.polyphase.phases.model;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import java.util.List;
import java.util.OptionalInt;

/**
 * Where and how a model is in memory. Each place holds consecutive blocks; the first one also the
 * embedding, the last one the final norm and the head. A tied head is the embedding itself, so that
 * there the first place has norm and head as well.
 *
 * @param devices the device of each place, named as in {@link Libtorch#newManager}; one may be
 *     named several times
 * @param firstBlocks the first block of each place, from 0 on; a place without blocks begins where
 *     the next one does
 * @param precision of the frozen weights and the compute
 * @param activations what backward passes are given
 * @param mastersOnHost whether the masters of trained tensors are on the CPU, and the model
 *     computes with copies of them in its own dtype
 */
public record Placement(
    List<String> devices,
    List<Integer> firstBlocks,
    Precision precision,
    Activations activations,
    boolean mastersOnHost) {
  public Placement {
    devices = List.copyOf(devices);
    firstBlocks = List.copyOf(firstBlocks);
  }

  /** Everything on one device. */
  public static Placement on(String device, Precision precision, Activations activations) {
    return new Placement(List.of(device), List.of(0), precision, activations, false);
  }

  /** The same with other activations. */
  public Placement with(Activations others) {
    return new Placement(devices, firstBlocks, precision, others, mastersOnHost);
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

  /** The place of a parameter, or of an adapter's. */
  public int of(String parameter, ModelLayout layout) {
    OptionalInt block = ModelLayout.blockOf(parameter);
    if (block.isPresent()) {
      return ofBlock(block.getAsInt());
    }
    return parameter.equals(layout.embedding()) ? ofEmbedding() : ofHead(layout);
  }
}
