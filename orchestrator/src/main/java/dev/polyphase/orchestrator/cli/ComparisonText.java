package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.rescanner.Comparison;
import dev.polyphase.rescanner.Comparison.Move;
import dev.polyphase.rescanner.Comparison.TypeComparison;
import dev.polyphase.rescanner.Selection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A comparison of two scans as text for people and as JSON for scripts. */
final class ComparisonText {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ComparisonText() {}

  static String plain(Comparison comparison, double topPercent) {
    TextTable types =
        new TextTable("type", "modules", "selected in A", "in both", "rank correlation");
    for (TypeComparison type : comparison.types()) {
      Double correlation = type.rankCorrelation();
      types.row(
          type.type(),
          type.modules(),
          type.selectedInFirst(),
          type.selectedInBoth(),
          correlation == null ? "-" : String.format(Locale.ROOT, "%.3f", correlation));
    }
    TextTable moves = new TextTable("module", "rank in A", "in B", "SNR in A", "in B");
    for (Move move : comparison.largestMoves()) {
      moves.row(
          move.module(),
          move.firstRank(),
          move.secondRank(),
          ScanTable.figure(move.firstSnr()),
          ScanTable.figure(move.secondSnr()));
    }
    StringBuilder text = new StringBuilder(types.text());
    String best = "the best " + Selection.percentText(topPercent) + " %";
    append(text, "entered " + best, comparison.entered());
    append(text, "left " + best, comparison.left());
    append(text, "only in A", comparison.onlyInFirst());
    append(text, "only in B", comparison.onlyInSecond());
    if (!comparison.largestMoves().isEmpty()) {
      text.append("\nlargest moves\n").append(moves.text());
    }
    return text.toString();
  }

  private static void append(StringBuilder text, String heading, List<String> modules) {
    if (!modules.isEmpty()) {
      text.append('\n').append(heading).append('\n');
      modules.forEach(module -> text.append("  ").append(module).append('\n'));
    }
  }

  /** What is not finite is null. */
  static String json(Comparison comparison) {
    ObjectNode root = JSON.createObjectNode();
    for (TypeComparison type : comparison.types()) {
      ObjectNode row = root.withArray("types").addObject();
      row.put("type", type.type());
      row.put("modules", type.modules());
      row.put("selected_in_a", type.selectedInFirst());
      row.put("selected_in_both", type.selectedInBoth());
      row.put("rank_correlation", type.rankCorrelation());
    }
    root.set("entered", JSON.valueToTree(comparison.entered()));
    root.set("left", JSON.valueToTree(comparison.left()));
    root.set("only_in_a", JSON.valueToTree(comparison.onlyInFirst()));
    root.set("only_in_b", JSON.valueToTree(comparison.onlyInSecond()));
    root.putArray("largest_moves");
    for (Move move : comparison.largestMoves()) {
      ObjectNode row = root.withArray("largest_moves").addObject();
      row.put("module", move.module());
      row.put("type", move.type());
      row.put("rank_a", move.firstRank());
      row.put("rank_b", move.secondRank());
      row.put("snr_a", finite(move.firstSnr()));
      row.put("snr_b", finite(move.secondSnr()));
    }
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of numbers and texts is always JSON", e);
    }
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
