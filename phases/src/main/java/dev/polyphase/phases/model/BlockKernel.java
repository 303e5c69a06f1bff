package dev.polyphase.phases.model;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The kernel of a block, put together from the sources of its parts: all in which one block's
 * differs from another's of the same model.
 *
 * @param device the block's
 * @param block what it is made of
 * @param roles of the parameters and adapters, in the order of the kernel's list
 * @param drops whether the seed of the adapters' dropout stands behind them
 */
record BlockKernel(String device, DecoderBlock block, List<String> roles, boolean drops) {

  /**
   * Loads it.
   *
   * @param place the manager of the block's weights
   */
  Kernel load(NDManager place, Adapters adapters) {
    Map<String, Object> constants = new HashMap<>(block.constants());
    for (int i = 0; i < roles.size(); i++) {
      constants.put(roles.get(i), i);
    }
    block.norms().weights().forEach((where, weight) -> constants.put(where, roles.indexOf(weight)));
    Map<String, String> projections = projections();
    if (block.feedForward() instanceof Experts experts) {
      // Few of many in one source: each would be searched for in all of it.
      constants.put("router", projections.remove(experts.router()));
      constants.put(
          "projections",
          experts.ofExperts().stream()
              .map(projections::remove)
              .collect(Collectors.joining(", ", "[", "]")));
    }
    constants.putAll(projections);
    constants.put("adapter_scale", adapters.scale());
    constants.put("dropout_seed", drops ? roles.size() : -1);
    constants.put("kept_share", 1 - adapters.dropout());
    boolean flash = Libtorch.hasFlashAttention(place) && block.attention().fitsFlash();
    constants.put("device", device);
    constants.put("on_gpu", device.startsWith("cuda") ? "True" : "False");
    constants.put("flash", flash ? "True" : "False");
    return Kernel.load(place, BlockKernel.class, block.sources(), constants);
  }

  /** Of each projection where its weight, bias, A and B are, -1 for none, and its number. */
  private Map<String, String> projections() {
    Map<String, Integer> places = new HashMap<>();
    roles.forEach(role -> places.put(role, places.size()));
    Map<String, String> indices = new HashMap<>();
    for (String projection : block.projections()) {
      Stream<String> parts =
          Stream.of(
              Experts.weightOf(projection),
              Experts.biasOf(projection),
              projection + Adapters.A,
              projection + Adapters.B);
      indices.put(
          projection,
          parts.map(role -> places.getOrDefault(role, -1) + ", ").collect(Collectors.joining())
              + indices.size());
    }
    return indices;
  }
}
