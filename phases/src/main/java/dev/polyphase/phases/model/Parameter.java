package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A tensor that a model is made of.
 *
 * @param name its name in checkpoints
 * @param shape its dimensions
 * @param first what it holds in a new model
 */
public record Parameter(String name, List<Long> shape, FirstValues first) {
  private static final Pattern EXEMPT =
      Pattern.compile("bias|layernorm|rmsnorm|(^|[._])norm($|\\.)");

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

  /**
   * Whether weight decay is for a tensor: Hugging Face's trainers exempt norms and biases by their
   * names, whatever their shapes are.
   */
  static boolean decays(String tensor) {
    return !EXEMPT.matcher(tensor.toLowerCase(Locale.ROOT)).find();
  }
}
