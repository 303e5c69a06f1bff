package dev.polyphase.orchestrator.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shapes of a published model's projections.
 *
 * @param name the model's name, in small letters
 * @param hidden the width of the hidden states
 * @param intermediate the width inside the MLP
 * @param keyValue the width of keys and of values
 * @param layers its layers
 */
public record ModelShapes(String name, long hidden, long intermediate, long keyValue, int layers) {

  /** The models that a benchmark can be like. */
  public static final List<ModelShapes> KNOWN =
      List.of(
          // To see what is printed, in a moment.
          new ModelShapes("tiny", 96, 256, 32, 8),
          new ModelShapes("qwen2.5-0.5b", 896, 4864, 128, 24),
          new ModelShapes("qwen2.5-1.5b", 1536, 8960, 256, 28),
          new ModelShapes("llama-3.2-1b", 2048, 8192, 512, 16),
          new ModelShapes("qwen2.5-7b", 3584, 18944, 512, 28),
          new ModelShapes("llama-3.1-8b", 4096, 14336, 1024, 32));

  /** The dimensions of all weights of the first layers, by tensor name. */
  Map<String, List<Long>> tensors(int firstLayers) {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (int layer = 0; layer < firstLayers; layer++) {
      String prefix = "model.layers." + layer + ".";
      shapes.put(prefix + "self_attn.q_proj.weight", List.of(hidden, hidden));
      shapes.put(prefix + "self_attn.k_proj.weight", List.of(keyValue, hidden));
      shapes.put(prefix + "self_attn.v_proj.weight", List.of(keyValue, hidden));
      shapes.put(prefix + "self_attn.o_proj.weight", List.of(hidden, hidden));
      shapes.put(prefix + "mlp.gate_proj.weight", List.of(intermediate, hidden));
      shapes.put(prefix + "mlp.up_proj.weight", List.of(intermediate, hidden));
      shapes.put(prefix + "mlp.down_proj.weight", List.of(hidden, intermediate));
    }
    return shapes;
  }
}
