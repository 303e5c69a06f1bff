package dev.polyphase.phases.model;

import dev.polyphase.weights.FusedExperts;
import dev.polyphase.weights.RowRanges;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a model is trained.
 *
 * @param tensors the parameters that are trained themselves
 * @param rows the rows to train of those of which not all are trained
 * @param adapters what is trained in the place of other parameters
 * @param rateFactors by what the learning rate of a module, named without {@code .weight}, is
 *     multiplied; 1 of those that are not named
 */
public record Trainable(
    Set<String> tensors,
    Map<String, RowRanges> rows,
    Adapters adapters,
    Map<String, Double> rateFactors) {

  public Trainable {
    tensors = Set.copyOf(tensors);
    rows = Map.copyOf(rows);
    rateFactors = Map.copyOf(rateFactors);
  }

  /** Tensors as a whole and at one rate, and adapters. */
  public Trainable(Set<String> tensors, Adapters adapters) {
    this(tensors, Map.of(), adapters, Map.of());
  }

  /** Nothing: the model only computes. */
  public static Trainable nothing() {
    return new Trainable(Set.of(), Adapters.none());
  }

  /** The same adapters with other tensors, at other rates, of which all rows are trained. */
  public Trainable with(Set<String> others, Map<String, Double> factors) {
    return new Trainable(others, Map.of(), adapters, factors);
  }

  /** The factor of a tensor: its module's, be it the weight, the bias or an adapter's. */
  public double rateFactor(String tensor) {
    @Nullable Double ofExpert =
        FusedExperts.moduleOf(tensor).map(expert -> rateFactors.get(expert)).orElse(null);
    if (ofExpert != null) {
      return ofExpert;
    }
    String module = tensor;
    for (int dot = module.lastIndexOf('.'); dot > 0; dot = module.lastIndexOf('.')) {
      module = module.substring(0, dot);
      Double factor = rateFactors.get(module);
      if (factor != null) {
        return factor;
      }
    }
    return 1;
  }

  /** How many arrays are trained. */
  public long arrays(ModelLayout layout) {
    return (long) tensors.size() + adapters.parameters(layout).size();
  }

  /** How many values are trained. */
  public long values(ModelLayout layout) {
    return ofTensors(layout)
        + adapters.parameters(layout).stream().mapToLong(Parameter::values).sum();
  }

  /** How many are saved anew: the trained ones, and the weights that adapters are merged into. */
  public long savedValues(ModelLayout layout) {
    return ofTensors(layout)
        + layout.parameters().stream()
            .filter(parameter -> adapters.adapt(parameter.name()))
            .mapToLong(Parameter::values)
            .sum();
  }

  private long ofTensors(ModelLayout layout) {
    long values = 0;
    for (Parameter parameter : layout.parameters()) {
      RowRanges some = rows.get(parameter.name());
      if (some != null) {
        values += parameter.values() / parameter.shape().get(0) * some.rows();
      } else if (tensors.contains(parameter.name())) {
        values += parameter.values();
      }
    }
    return values;
  }
}
