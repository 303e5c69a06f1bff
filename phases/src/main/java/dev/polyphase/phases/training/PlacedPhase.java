package dev.polyphase.phases.training;

import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Placement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A phase on its devices.
 *
 * @param placement which part is on which device, and which blocks are kept or computed again
 * @param needs what each place needs
 */
record PlacedPhase(Placement placement, List<DeviceNeed> needs) {
  /** CUDA's allocator keeps some of what it is given back. */
  private static final double USABLE_OF_GPU = 0.85;

  /** The C library keeps between arrays up to a quarter of what they take at most. */
  private static final double USABLE_OF_CPU = 0.75;

  /**
   * The best placement, with all blocks kept or all of them computed again.
   *
   * @param memory what the phase needs
   */
  static PlacedPhase of(MemoryFormula memory, Activations activations, FreeMemory freeMemory)
      throws IOException {
    return at(memory, cut(memory, activations, freeMemory), freeMemory);
  }

  /**
   * The best placement, with as many blocks kept at each place as its device has memory for; those
   * of the last place first, where several share one.
   *
   * @param memory what the phase needs, which the cut over several devices is made for
   * @param most what it may come to need, which must fit
   */
  static PlacedPhase asFree(MemoryFormula memory, MemoryFormula most, FreeMemory freeMemory)
      throws IOException {
    FreeMemory now = asItIsNow(memory.compute().devices(), freeMemory);
    Placement kept = cut(memory, Activations.KEPT, now);
    if (at(most, kept, now).fits(now)) {
      return at(memory, kept, now);
    }
    Placement placement = cut(memory, Activations.RECOMPUTED, now);
    int end = memory.config().numLayers();
    for (int place = placement.devices().size() - 1; place >= 0; place--) {
      int first = Math.min(end, placement.firstBlocks().get(place));
      placement = keepingWhatFits(most, placement, place, first, end, now);
      end = first;
    }
    return at(memory, placement, now);
  }

  /** The same placement with the most blocks of a place kept, of those from first to below end. */
  private static Placement keepingWhatFits(
      MemoryFormula most, Placement placement, int place, int first, int end, FreeMemory freeMemory)
      throws IOException {
    Placement best = placement;
    int low = first;
    int high = end;
    // What is kept from high on fits, or is nothing; less is kept from high on than from low on.
    while (low < high) {
      int middle = (low + high) / 2;
      Placement more = placement.keeping(place, middle);
      if (at(most, more, freeMemory).fits(freeMemory)) {
        best = more;
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return best;
  }

  /** What the devices have, asked once: it must be the same to all that is compared. */
  private static FreeMemory asItIsNow(List<String> devices, FreeMemory freeMemory)
      throws IOException {
    Map<String, OptionalLong> found = new LinkedHashMap<>();
    for (String device : devices) {
      if (!found.containsKey(device)) {
        found.put(device, freeMemory.of(device));
      }
    }
    return device -> found.getOrDefault(device, OptionalLong.empty());
  }

  /** A placement with what it needs. */
  static PlacedPhase at(MemoryFormula memory, Placement placement, FreeMemory freeMemory)
      throws IOException {
    if (placement.devices().size() == 1) {
      String device = placement.devices().get(0);
      long bytes = memory.at(placement).unmappedBytes();
      return new PlacedPhase(
          placement, List.of(new DeviceNeed(device, 0, memory.config().numLayers(), bytes)));
    }
    return new PlacedPhase(placement, needs(memory, placement, freeMemory));
  }

  /**
   * The blocks' places. Where a step has several passes, devices compute at once: then all have as
   * much to do, if they have the memory for that. Else the fullest is as empty as possible.
   */
  private static Placement cut(MemoryFormula memory, Activations activations, FreeMemory freeMemory)
      throws IOException {
    List<String> devices = memory.compute().devices();
    Placement uncut = placement(memory, activations, Collections.nCopies(devices.size(), 0));
    if (devices.size() == 1) {
      return uncut;
    }
    if (memory.passes() > 1) {
      Placement even = placement(memory, activations, evenCut(memory, uncut));
      if (at(memory, even, freeMemory).fits(freeMemory)) {
        return even;
      }
    }
    return placement(memory, activations, leastFull(memory, uncut, freeMemory));
  }

  /** The cut by which devices that compute at once have about as much to do. */
  private static List<Integer> evenCut(MemoryFormula memory, Placement uncut) {
    int devices = uncut.devices().size();
    int blocks = memory.config().numLayers();
    int lowest = 0;
    while (lowest < blocks && memory.ofFurtherPass(lowest, uncut) == 0) {
      lowest++;
    }
    PassWork work = new PassWork(memory.setup().layout(), memory.parts(), lowest);
    double[] ofBlocks = new double[blocks];
    Arrays.setAll(ofBlocks, layer -> work.ofBlock(layer, uncut.ofBackward(layer)));
    double[][] onEach = new double[devices][];
    Arrays.fill(onEach, ofBlocks);
    double[] ofEnds = new double[devices];
    ofEnds[uncut.ofHead(memory.setup().layout())] = work.ofHead();
    double[] alike = new double[devices];
    Arrays.fill(alike, 1);
    return Cut.of(onEach, ofEnds, alike);
  }

  /** The cut by which the fullest device is as empty as possible. */
  private static List<Integer> leastFull(
      MemoryFormula memory, Placement uncut, FreeMemory freeMemory) throws IOException {
    List<String> devices = uncut.devices();
    ModelLayout layout = memory.setup().layout();
    double[][] ofBlocks = new double[devices.size()][memory.config().numLayers()];
    for (int place = 0; place < devices.size(); place++) {
      int further = uncut.inFlight(place, memory.passes(), layout) - 1;
      for (int layer = 0; layer < ofBlocks[place].length; layer++) {
        ofBlocks[place][layer] =
            memory.ofBlock(layer, uncut) + further * memory.ofFurtherPass(layer, uncut);
      }
    }
    double[] ofEnds = new double[devices.size()];
    ofEnds[uncut.ofEmbedding()] += memory.ofEmbedding();
    ofEnds[uncut.ofHead(layout)] += memory.ofHead();
    return Cut.of(ofBlocks, ofEnds, ratios(devices, freeMemory));
  }

  private static Placement placement(
      MemoryFormula memory, Activations activations, List<Integer> firstBlocks) {
    return new Placement(
        memory.compute().devices(),
        firstBlocks,
        memory.compute().precision(),
        activations,
        memory.mastersOnHost());
  }

  /** Whether each device has what is needed of it, or it is not known what it has. */
  private boolean fits(FreeMemory freeMemory) throws IOException {
    Map<String, Long> byDevice = new LinkedHashMap<>();
    needs.forEach(need -> byDevice.merge(need.device(), need.bytes(), Long::sum));
    for (Map.Entry<String, Long> need : byDevice.entrySet()) {
      OptionalLong free = freeMemory.of(need.getKey());
      double usable = need.getKey().equals("cpu") ? USABLE_OF_CPU : USABLE_OF_GPU;
      if (free.isPresent() && need.getValue() > usable * free.getAsLong()) {
        return false;
      }
    }
    return true;
  }

  /**
   * What each place needs. Where another model's pass comes before training it is that beside what
   * is loaded there, or training.
   */
  private static List<DeviceNeed> needs(
      MemoryFormula memory, Placement placement, FreeMemory freeMemory) throws IOException {
    long[] before = new long[placement.devices().size()];
    if (memory.other().isPresent()) {
      before = beforeTraining(memory, memory.other().get(), placement, freeMemory);
    }
    List<DeviceNeed> needs = new ArrayList<>();
    int layer = 0;
    for (int place = 0; place < before.length; place++) {
      int first = layer;
      while (layer < memory.config().numLayers() && placement.ofBlock(layer) == place) {
        layer++;
      }
      needs.add(
          new DeviceNeed(
              placement.devices().get(place),
              first,
              layer - first,
              Math.max(memory.ofPlace(place, placement), before[place])));
    }
    return needs;
  }

  private static long[] beforeTraining(
      MemoryFormula memory, MemoryFormula other, Placement placement, FreeMemory freeMemory)
      throws IOException {
    Placement ofOther = cut(other, Activations.RECOMPUTED, freeMemory);
    long[] before = new long[placement.devices().size()];
    Arrays.setAll(before, place -> other.ofForwardPass(place, ofOther));
    ModelLayout layout = memory.setup().layout();
    for (Parameter parameter : layout.parameters()) {
      before[placement.of(parameter.name(), layout)] += memory.ofLoaded(parameter);
    }
    return before;
  }

  /** What the devices have; all the same where it is not known of each. */
  private static double[] ratios(List<String> devices, FreeMemory freeMemory) throws IOException {
    double[] ratios = new double[devices.size()];
    for (int i = 0; i < ratios.length; i++) {
      OptionalLong free = freeMemory.of(devices.get(i));
      if (free.isEmpty()) {
        Arrays.fill(ratios, 1);
        return ratios;
      }
      ratios[i] = Math.max(1, free.getAsLong());
    }
    return ratios;
  }
}
