package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What a scan measured.
 *
 * @param metric what the scores are
 * @param modules the modules in the published scanner's order
 */
public record Scan(Metric metric, List<ModuleSpectrum> modules) {
  private static final int NAMES_SHOWN = 5;

  public Scan {
    modules = List.copyOf(modules);
  }

  /** The entries of the scan's file. */
  public List<ModuleSnr> snrs() {
    return modules.stream().map(ModuleSpectrum::snr).toList();
  }

  /** The modules for a {@link Selection}. */
  public List<Candidate> candidates() {
    return modules.stream()
        .map(
            module ->
                new Candidate(
                    module.snr(), module.spectrum().score(), module.target().parameters()))
        .toList();
  }

  /**
   * What is odd about the weights, a sentence each, of very many of a kind about the first: values
   * that are not finite, no noise.
   */
  public List<String> notes() {
    List<String> noMatrices = new ArrayList<>();
    List<String> notFinite = new ArrayList<>();
    for (ModuleSpectrum module : modules) {
      if (!module.target().isMatrix()) {
        noMatrices.add(tensor(module));
      } else if (!Double.isFinite(module.spectrum().largest())) {
        notFinite.add(tensor(module));
      }
    }
    List<String> notes = new ArrayList<>();
    notes.addAll(
        each(
            noMatrices,
            "is no matrix and is not measured; it ranks last",
            "tensors are no matrices either"));
    notes.addAll(
        each(
            notFinite, "holds NaN or infinity and ranks last", "tensors hold NaN or infinity too"));
    List<ModuleSpectrum> singular =
        modules.stream().filter(module -> module.spectrum().nearlySingular()).toList();
    if (!singular.isEmpty()) {
      String more = singular.size() > NAMES_SHOWN ? ", ..." : "";
      notes.add(
          "nearly singular, their noise is no more than rounding: %d (%s%s)"
              .formatted(
                  singular.size(),
                  singular.stream()
                      .limit(NAMES_SHOWN)
                      .map(Scan::tensor)
                      .collect(Collectors.joining(", ")),
                  more));
    }
    return notes;
  }

  /**
   * A sentence about each of the first names, and one about the rest.
   *
   * @param rest what it says of them, behind their number
   */
  static List<String> each(List<String> names, String sentence, String rest) {
    List<String> sentences = new ArrayList<>();
    names.stream().limit(NAMES_SHOWN).forEach(name -> sentences.add(name + " " + sentence));
    int more = names.size() - NAMES_SHOWN;
    if (more > 0) {
      sentences.add(String.format(Locale.ROOT, "%,d more %s", more, rest));
    }
    return sentences;
  }

  private static String tensor(ModuleSpectrum module) {
    return module.target().tensor().name();
  }
}
