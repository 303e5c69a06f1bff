package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.PlainText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A table in plain text: the first column to the left, the others to the right. */
final class TextTable {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  TextTable(String... headings) {
    rows.add(List.of(headings));
  }

  void row(Object... cells) {
    rows.add(Arrays.stream(cells).map(Object::toString).map(PlainText::of).toList());
  }

  /** The rows below their headings, a line each. */
  String text() {
    StringBuilder text = new StringBuilder();
    lines().forEach(line -> text.append(line.stripTrailing()).append('\n'));
    return text.toString();
  }

  /** The lines, the headings first, all of one length. */
  List<String> lines() {
    int[] widths = new int[rows.get(0).size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String padding = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + padding : GAP + padding + row.get(i));
      }
      lines.add(line.toString());
    }
    return lines;
  }
}
