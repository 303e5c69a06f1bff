package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.List;

/**
 * A tensor that a model is made of.
 *
 * @param name its name in checkpoints
 * @param shape its dimensions
 */
public record Parameter(String name, List<Long> shape) {

  public Parameter {
    shape = List.copyOf(shape);
  }

  static Parameter of(String name, long... shape) {
    return new Parameter(name, Arrays.stream(shape).boxed().toList());
  }

  /** How many values it has. */
  public long values() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Norms and biases: what Hugging Face's trainers exempt from weight decay. */
  public boolean decays() {
    return shape.size() > 1;
  }
}
