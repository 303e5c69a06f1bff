package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.List;

/**
 * A tensor that a model is made of.
 *
 * @param name its name in checkpoints
 * @param shape its dimensions
 * @param first what it holds in a new model
 */
public record Parameter(String name, List<Long> shape, FirstValues first) {

  /** What a tensor of a new model holds. */
  public enum FirstValues {
    /** Values drawn from a normal distribution around 0. */
    NORMAL,
    ONES,
    ZEROS
  }

  public Parameter {
    shape = List.copyOf(shape);
  }

  /** A matrix, or what is no part of a new model. */
  public Parameter(String name, List<Long> shape) {
    this(name, shape, FirstValues.NORMAL);
  }

  static Parameter of(String name, FirstValues first, long... shape) {
    return new Parameter(name, Arrays.stream(shape).boxed().toList(), first);
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
