package dev.polyphase.phases.training;

import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Trainable;
import java.util.Map;

/**
 * What a pass has to compute, where places compute at once: of each part the products of its
 * weights with tokens, times how often they are made. Once up, once again where the part is
 * recomputed, once down for the gradient of its input, and once for its own. What grows with the
 * square of lengths is left out, as it is about as much in each block.
 */
final class PassWork {
  private final ModelConfig config;
  private final ModelLayout layout;
  private final Trainable parts;
  private final int lowest;

  /**
   * The work of a model's passes.
   *
   * @param parts what is trained
   * @param lowest the lowest block that backward passes go through
   */
  PassWork(ModelLayout layout, Trainable parts, int lowest) {
    this.config = layout.config();
    this.layout = layout;
    this.parts = parts;
    this.lowest = lowest;
  }

  /** That of a block. */
  double ofBlock(int layer, Activations activations) {
    double work = 0;
    for (Map.Entry<String, Parameter> weight : layout.block(layer).entrySet()) {
      Parameter parameter = weight.getValue();
      double products =
          parameter.values() * config.blocks().get(layer).shareOfTokens(weight.getKey());
      int times = 1;
      if (layer >= lowest) {
        times += activations == Activations.RECOMPUTED ? 2 : 1;
        times += parts.tensors().contains(parameter.name()) ? 1 : 0;
      }
      work += products * times;
    }
    return work;
  }

  /** That of the head; of one that is trained and tied some logits are computed twice. */
  double ofHead() {
    boolean trained = parts.tensors().contains(layout.head());
    int times = trained ? (config.tiedHead() ? 4 : 3) : 2;
    return (double) config.vocabSize() * config.hiddenSize() * times;
  }
}
