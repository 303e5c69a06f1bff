package dev.polyphase.reports;

import java.util.List;

/**
 * One phase of a report.
 *
 * @param name the phase's name
 * @param type {@code cpt}, {@code sft} or {@code dpo}
 * @param modules its modules, in the order of the scan
 * @param totals its sums
 */
public record PhaseReport(
    String name, String type, List<ModuleReport> modules, PhaseTotals totals) {

  public PhaseReport {
    modules = List.copyOf(modules);
  }
}
