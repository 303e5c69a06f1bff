package dev.polyphase.orchestrator.cli;

import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A scan in brief, a line for each module type, and how many modules a selection takes of it. */
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
    List<Selection.RankedType> types = Selection.of(snrs, 100).types();
    List<Boolean> taken = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      Selection.RankedType type = types.get(i);
      double[] values =
          type.ranked().stream()
              .mapToDouble(ModuleSnr::snr)
              .filter(snr -> !Double.isNaN(snr))
              .sorted()
              .toArray();
      List<Object> row = new ArrayList<>(List.of(type.type(), type.ranked().size()));
      row.add(values.length == 0 ? "-" : figure(values[0]));
      row.add(values.length == 0 ? "-" : figure(median(values)));
      row.add(values.length == 0 ? "-" : figure(values[values.length - 1]));
      boolean fromEach = true;
      for (Selection selection : selections) {
        int picked = selection.types().get(i).picked();
        row.add(picked + " of " + type.ranked().size());
        fromEach &= picked > 0;
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
