package dev.polyphase.phases.optimizer;

import java.util.Map;

/**
 * Learning rates that differ by module, as multiples of one.
 *
 * @param byModule the factors by module, named without {@code .weight}; 1 for all others
 */
public record RateFactors(Map<String, Double> byModule) {

  public RateFactors {
    byModule = Map.copyOf(byModule);
  }

  /** One rate for all. */
  public static RateFactors none() {
    return new RateFactors(Map.of());
  }

  /** The factor of a parameter: its module's, be it the weight, the bias or an adapter's. */
  public double of(String parameter) {
    String module = parameter;
    for (int dot = module.lastIndexOf('.'); dot > 0; dot = module.lastIndexOf('.')) {
      module = module.substring(0, dot);
      Double factor = byModule.get(module);
      if (factor != null) {
        return factor;
      }
    }
    return 1;
  }
}
