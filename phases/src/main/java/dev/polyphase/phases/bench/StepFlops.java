package dev.polyphase.phases.bench;

import dev.polyphase.phases.bench.DecoderShape.Linear;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.ModelLayout;
import java.util.Map;
import java.util.Set;

/**
 * The floating-point operations that a step needs by its shape, two for each multiply-add: those of
 * matrix products, forward, for the gradients of inputs, and for the gradients of what is trained.
 * What is computed a second time to save memory is not counted, and squares of attention's scores
 * are whole, as of the model FLOPs of Chowdhery et al. 2022 (PaLM, appendix B): a model of which
 * everything is trained needs {@code 6 N + 12 L H Q T} a token, N being the values of its matrices
 * but for the embedding. A mixture's experts have their share of the tokens.
 */
public final class StepFlops {
  /** What is trained first in the order of the forward pass: before all matrices of the blocks. */
  private static final int EMBEDDING = -1;

  private static final int HEAD = Integer.MAX_VALUE;

  /** The matrices of a block one after the other, those that see the same input at once. */
  private static final int STAGES = 4;

  private final DecoderShape shape;
  private final ModelLayout layout;
  private final Set<String> trained;
  private final Adapters adapters;
  private final int lowest;

  private StepFlops(DecoderShape shape, Set<String> trained, Adapters adapters) {
    this.shape = shape;
    this.layout = new ModelLayout(shape.model());
    this.trained = trained;
    this.adapters = adapters;
    this.lowest =
        trained.contains(layout.embedding())
            ? EMBEDDING
            : shape.linearsByWeight().keySet().stream()
                .filter(weight -> trained.contains(weight) || adapters.adapt(weight))
                .mapToInt(this::place)
                .min()
                .orElse(HEAD);
  }

  /**
   * Counts those of a step.
   *
   * @param trained the weights that are trained themselves; matrices count
   * @param adapters what is trained in the place of others
   */
  public static long of(DecoderShape shape, Set<String> trained, Adapters adapters) {
    StepFlops flops = new StepFlops(shape, trained, adapters);
    long sum = 0;
    for (Map.Entry<String, Linear> linear : shape.linearsByWeight().entrySet()) {
      sum += flops.linear(linear.getKey(), linear.getValue());
    }
    for (int layer = 0; layer < shape.layers(); layer++) {
      sum += flops.attention(layer);
    }
    return sum;
  }

  private long linear(String weight, Linear linear) {
    long product = 2L * linear.out() * linear.in() * linear.tokens();
    boolean inputGradient = place(weight) > lowest;
    long sum = product;
    if (inputGradient) {
      sum += product;
    }
    if (trained.contains(weight)) {
      sum += product;
    }
    if (adapters.adapt(weight)) {
      long down = 2L * adapters.rank() * linear.in() * linear.tokens();
      long up = 2L * adapters.rank() * linear.out() * linear.tokens();
      sum += 2 * down + 3 * up + (inputGradient ? down : 0);
    }
    return sum;
  }

  /** Queries by keys, and scores by values; each has two products more in the backward pass. */
  private long attention(int layer) {
    Attention attention = shape.model().blocks().get(layer).attention();
    int window = attention.window();
    long seen = window == 0 ? shape.sequence() : Math.min(window, shape.sequence());
    Attention.Heads heads = attention.heads();
    long product = 2L * heads.queries() * heads.dim() * shape.tokens() * seen;
    boolean backward = lowest <= layer * STAGES;
    return (backward ? 6 : 2) * product;
  }

  /** Where a matrix is in the order of the forward pass. */
  private int place(String weight) {
    if (weight.equals(layout.head())) {
      return HEAD;
    }
    String part = ModelLayout.partOf(weight);
    int layer = Integer.parseInt(part.replaceAll("\\D", ""));
    int stage;
    if (weight.contains("self_attn.")) {
      stage = weight.contains(".o_proj.") ? 1 : 0;
    } else {
      stage = weight.contains("down_proj") || weight.contains(".w2.") ? 3 : 2;
    }
    return layer * STAGES + stage;
  }
}
