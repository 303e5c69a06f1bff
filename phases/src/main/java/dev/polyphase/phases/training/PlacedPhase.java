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
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A phase on its devices.
 *
 * @param placement which part is on which device, and whether blocks are kept or computed again
 * @param needs what each place needs
 */
record PlacedPhase(Placement placement, List<DeviceNeed> needs) {
  /** The C library and CUDA's allocator keep some of what they are given back. */
  private static final double USABLE = 0.85;

  /**
   * The best placement.
   *
   * @param memory what the phase needs
   */
  static PlacedPhase of(MemoryFormula memory, Activations activations, FreeMemory freeMemory)
      throws IOException {
    List<String> devices = memory.compute().devices();
    int blocks = memory.config().numLayers();
    if (devices.size() == 1) {
      String device = devices.get(0);
      long bytes = memory.with(activations).unmappedBytes();
      return new PlacedPhase(
          placement(memory, activations, List.of(0)),
          List.of(new DeviceNeed(device, 0, blocks, bytes)));
    }
    long[] ofBlocks = new long[blocks];
    for (int layer = 0; layer < blocks; layer++) {
      ofBlocks[layer] = memory.ofBlock(layer, activations);
    }
    long[] ofEnds = new long[devices.size()];
    Placement anyCut = placement(memory, activations, Collections.nCopies(devices.size(), 0));
    ofEnds[anyCut.ofEmbedding()] += memory.ofEmbedding();
    ofEnds[anyCut.ofHead(new ModelLayout(memory.config()))] += memory.ofHead();
    Placement placement =
        placement(memory, activations, Cut.of(ofBlocks, ofEnds, ratios(devices, freeMemory)));
    List<DeviceNeed> needs = needs(memory, activations, placement, ofEnds);
    Optional<MemoryFormula> other = memory.other();
    return new PlacedPhase(
        placement,
        other.isEmpty()
            ? needs
            : orBefore(
                needs,
                memory,
                placement,
                of(other.get(), Activations.RECOMPUTED, freeMemory).needs()));
  }

  /**
   * What each place needs where another model's pass comes before training: beside what is loaded
   * there, or later.
   */
  private static List<DeviceNeed> orBefore(
      List<DeviceNeed> training, MemoryFormula memory, Placement placement, List<DeviceNeed> pass) {
    ModelLayout layout = memory.setup().layout();
    long[] before = pass.stream().mapToLong(DeviceNeed::bytes).toArray();
    for (Parameter parameter : layout.parameters()) {
      before[placement.of(parameter.name(), layout)] += memory.ofLoaded(parameter);
    }
    List<DeviceNeed> needs = new ArrayList<>();
    for (int place = 0; place < before.length; place++) {
      DeviceNeed own = training.get(place);
      needs.add(
          new DeviceNeed(
              own.device(), own.firstBlock(), own.blocks(), Math.max(own.bytes(), before[place])));
    }
    return needs;
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
  boolean fits(FreeMemory freeMemory) throws IOException {
    Map<String, Long> byDevice = new LinkedHashMap<>();
    needs.forEach(need -> byDevice.merge(need.device(), need.bytes(), Long::sum));
    for (Map.Entry<String, Long> need : byDevice.entrySet()) {
      OptionalLong free = freeMemory.of(need.getKey());
      if (free.isPresent() && need.getValue() > USABLE * free.getAsLong()) {
        return false;
      }
    }
    return true;
  }

  private static List<DeviceNeed> needs(
      MemoryFormula memory, Activations activations, Placement placement, long[] ofEnds) {
    List<DeviceNeed> needs = new ArrayList<>();
    int layer = 0;
    for (int place = 0; place < ofEnds.length; place++) {
      int first = layer;
      long bytes = ofEnds[place];
      long passing = 0;
      while (layer < memory.config().numLayers() && placement.ofBlock(layer) == place) {
        bytes += memory.ofBlock(layer, activations);
        passing = Math.max(passing, memory.ofBackward(layer, activations));
        layer++;
      }
      needs.add(
          new DeviceNeed(
              placement.devices().get(place),
              first,
              layer - first,
              bytes + Math.max(passing, memory.ofUpdate())));
    }
    return needs;
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
