package dev.polyphase.phases.model;

import java.util.List;

/**
 * Which part of a model is on which device. Each place holds consecutive blocks; the first one also
 * the embedding, the last one the final norm and the head. A tied head is the embedding itself, so
 * that there the first place has norm and head as well.
 *
 * @param devices the device of each place; one may be named several times
 * @param firstBlocks the first block of each place, from 0 on; a place without blocks begins where
 *     the next one does
 */
public record Placement(List<String> devices, List<Integer> firstBlocks) {
  public Placement {
    devices = List.copyOf(devices);
    firstBlocks = List.copyOf(firstBlocks);
  }

  /** Everything on one device. */
  public static Placement on(String device) {
    return new Placement(List.of(device), List.of(0));
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
    return layout.head().equals(ModelLayout.EMBEDDING) ? ofEmbedding() : devices.size() - 1;
  }

  /** The place of a parameter, of an adapter's, or of rows of one. */
  public int of(String parameter, ModelLayout layout) {
    if (parameter.startsWith(ModelLayout.BLOCKS)) {
      String behind = parameter.substring(ModelLayout.BLOCKS.length());
      return ofBlock(Integer.parseInt(behind.substring(0, behind.indexOf('.'))));
    }
    return parameter.startsWith(ModelLayout.EMBEDDING) ? ofEmbedding() : ofHead(layout);
  }
}
