package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScanTableTest {
  private static final List<ModuleSnr> SNRS =
      List.of(
          new ModuleSnr("a.0", "a", 0.5),
          new ModuleSnr("a.1", "a", 2),
          new ModuleSnr("a.2", "a", Double.NaN),
          new ModuleSnr("b", "b", Double.POSITIVE_INFINITY));
  private static final List<Selection> SELECTIONS =
      List.of(Selection.of(SNRS, 50), Selection.of(SNRS, 100));
  private static final List<String> HEADINGS = List.of("at 50", "at 100");

  @Test
  void oneLineATypeWithoutColour() {
    assertThat(ScanTable.text(SNRS, SELECTIONS, HEADINGS, false))
        .isEqualTo(
            """
            type  modules       min    median       max   at 50  at 100
            a           3    0.5000     1.250     2.000  1 of 3  3 of 3
            b           1  Infinity  Infinity  Infinity  0 of 1  1 of 1
            """);
  }

  @Test
  void greenIsChosenAndRedIsNot() {
    List<String> lines = ScanTable.text(SNRS, SELECTIONS, HEADINGS, true).lines().toList();

    assertThat(lines.get(0)).doesNotContain("\u001b");
    assertThat(lines.get(1)).startsWith("\u001b[32ma ").endsWith("\u001b[0m");
    assertThat(lines.get(2)).startsWith("\u001b[31mb ").endsWith("\u001b[0m");
  }
}
