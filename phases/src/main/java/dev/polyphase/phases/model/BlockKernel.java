package dev.polyphase.phases.model;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
    List<String> projections = block.projections();
    for (int number = 0; number < projections.size(); number++) {
      String projection = projections.get(number);
      constants.put(
          projection,
          "%d, %d, %d, %d, %d"
              .formatted(
                  roles.indexOf(projection + ".weight"),
                  roles.indexOf(projection + ".bias"),
                  roles.indexOf(projection + Adapters.A),
                  roles.indexOf(projection + Adapters.B),
                  number));
    }
    constants.put("adapter_scale", adapters.scale());
    constants.put("dropout_seed", drops ? roles.size() : -1);
    constants.put("kept_share", 1 - adapters.dropout());
    boolean flash = Libtorch.hasFlashAttention(place) && block.attention().fitsFlash();
    constants.put("device", device);
    constants.put("on_gpu", device.startsWith("cuda") ? "True" : "False");
    constants.put("flash", flash ? "True" : "False");
    return Kernel.load(place, BlockKernel.class, block.sources(), constants);
  }
}
