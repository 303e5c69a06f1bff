package dev.polyphase.rescanner;

import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.LrBySnr.Scale;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * What each trained module's learning rate is a multiple of the phase's by. Within a type, of the
 * selected modules' SNRs x with the least l and the most h, {@code factor = min + (max - min) (x -
 * l) / (h - l)}; by the scale, x is the SNR, its logarithm, or the module's place in the ascending
 * order, where equal SNRs share the mean of their places. Where l = h, as for a module that is
 * alone, the factor is the mean of min and max. SNRs that can't be placed have no part in l and h:
 * an infinite one has the factor max; what is not a number, and with logarithms what is not above
 * 0, has min.
 */
public final class LearningRateFactors {
  private LearningRateFactors() {}

  /**
   * The factors by module.
   *
   * @param alwaysTrained have the factor 1, selected or not, and come first
   */
  public static Map<String, Double> of(
      Selection selection, AlwaysTrained alwaysTrained, LrBySnr rule) {
    Map<String, Double> factors = new LinkedHashMap<>();
    alwaysTrained.modules().forEach(module -> factors.put(module.text(), 1.0));
    for (Selection.RankedType type : selection.types()) {
      List<ModuleSnr> selected = type.selected();
      double[] placed =
          selected.stream()
              .mapToDouble(ModuleSnr::snr)
              .filter(snr -> canBePlaced(snr, rule))
              .toArray();
      for (ModuleSnr module : selected) {
        factors.putIfAbsent(module.module(), factor(module.snr(), placed, rule));
      }
    }
    return factors;
  }

  private static boolean canBePlaced(double snr, LrBySnr rule) {
    return Double.isFinite(snr) && (rule.scale() != Scale.LOG || snr > 0);
  }

  /**
   * A module's factor.
   *
   * @param placed the SNRs of its type that can be placed
   */
  private static double factor(double snr, double[] placed, LrBySnr rule) {
    if (!canBePlaced(snr, rule)) {
      return snr == Double.POSITIVE_INFINITY ? rule.max() : rule.min();
    }
    double least = place(DoubleStream.of(placed).min().orElseThrow(), placed, rule.scale());
    double most = place(DoubleStream.of(placed).max().orElseThrow(), placed, rule.scale());
    double share =
        least == most ? 0.5 : (place(snr, placed, rule.scale()) - least) / (most - least);
    return rule.min() + (rule.max() - rule.min()) * share;
  }

  private static double place(double snr, double[] placed, Scale scale) {
    return switch (scale) {
      case LINEAR -> snr;
      case LOG -> Math.log(snr);
      case RANK -> {
        long below = DoubleStream.of(placed).filter(other -> other < snr).count();
        long equal = DoubleStream.of(placed).filter(other -> other == snr).count();
        yield below + equal / 2.0;
      }
    };
  }
}
