package dev.polyphase.orchestrator.cli;

import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A scan in brief, a line for each module type, and how many modules a selection takes of it. Where
 * each expert is a type of its own, all experts' modules of one projection share a line.
 */
final class ScanTable {
  private static final String GREEN = "\u001b[32m";
  private static final String RED = "\u001b[31m";
  private static final String PLAIN = "\u001b[0m";

  private ScanTable() {}

  /**
   * The table's text.
   *
   * @param selections of the same scan; of each a column
   * @param headings of those columns
   * @param colored green where every selection takes modules of a type, red where one takes none
   */
  static String text(
      List<ModuleSnr> snrs, List<Selection> selections, List<String> headings, boolean colored) {
    List<String> columns = new ArrayList<>(List.of("type", "modules", "min", "median", "max"));
    columns.addAll(headings);
    TextTable table = new TextTable(columns.toArray(String[]::new));
    // Types and their modules do not depend on the percentage.
    Map<String, List<ModuleSnr>> types = new LinkedHashMap<>();
    Selection.of(snrs, 100).types().forEach(type -> add(type.type(), type.ranked(), types));
    List<Map<String, List<ModuleSnr>>> picks = new ArrayList<>();
    for (Selection selection : selections) {
      Map<String, List<ModuleSnr>> picked = new LinkedHashMap<>();
      selection.types().forEach(type -> add(type.type(), type.selected(), picked));
      picks.add(picked);
    }
    List<Boolean> taken = new ArrayList<>();
    for (Map.Entry<String, List<ModuleSnr>> type : types.entrySet()) {
      int modules = type.getValue().size();
      double[] values =
          type.getValue().stream()
              .mapToDouble(ModuleSnr::snr)
              .filter(snr -> !Double.isNaN(snr))
              .sorted()
              .toArray();
      List<Object> row = new ArrayList<>(List.of(type.getKey(), modules));
      row.add(values.length == 0 ? "-" : figure(values[0]));
      row.add(values.length == 0 ? "-" : figure(median(values)));
      row.add(values.length == 0 ? "-" : figure(values[values.length - 1]));
      boolean fromEach = true;
      for (Map<String, List<ModuleSnr>> picked : picks) {
        int count = picked.getOrDefault(type.getKey(), List.of()).size();
        row.add(count + " of " + modules);
        fromEach &= count > 0;
      }
      table.row(row.toArray());
      taken.add(fromEach);
    }
    List<String> lines = table.lines();
    StringBuilder text = new StringBuilder(lines.get(0).stripTrailing()).append('\n');
    for (int i = 0; i < taken.size(); i++) {
      String line = lines.get(i + 1).stripTrailing();
      boolean paint = colored && !selections.isEmpty();
      text.append(paint ? (taken.get(i) ? GREEN : RED) + line + PLAIN : line).append('\n');
    }
    return text.toString();
  }

  private static void add(
      String type, List<ModuleSnr> modules, Map<String, List<ModuleSnr>> byType) {
    byType.computeIfAbsent(ModuleName.sharedType(type), t -> new ArrayList<>()).addAll(modules);
  }

  /** Four digits, whatever the size. */
  static String figure(double value) {
    return Double.isFinite(value)
        ? String.format(Locale.ROOT, "%.4g", value)
        : String.valueOf(value);
  }

  private static double median(double[] sorted) {
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
