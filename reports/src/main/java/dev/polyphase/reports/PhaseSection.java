package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The part of a page that is about one phase: its curves and, folded away, its lists. */
final class PhaseSection {

  private PhaseSection() {}

  /**
   * The section.
   *
   * @param before the phase before, or null
   */
  static String of(int index, PhaseReport phase, @Nullable PhaseReport before) {
    return """
        <section>
        <h2>%d %s <small>%s</small></h2>
        %s<div class="charts">
        %s%s</div>
        %s%s%s%s%s%s</section>
        """
        .formatted(
            index + 1,
            Markup.escape(phase.name()),
            Markup.escape(kind(phase)),
            phase.warnings().stream().map(PhaseSection::warning).collect(Collectors.joining()),
            charts(phase.curves().stream().filter(curve -> !curve.ofDataset())),
            margins(phase),
            byDataset(phase),
            before == null ? "" : changes(before, phase),
            selection(phase),
            rescans(phase),
            settings(phase),
            data(phase));
  }

  private static String charts(Stream<Curve> curves) {
    return curves.map(Chart::figure).collect(Collectors.joining());
  }

  private static String margins(PhaseReport phase) {
    @Nullable Margins margins = phase.margins();
    return margins == null ? "" : MarginChart.figures(margins);
  }

  /** Folded away: of many datasets there are many charts. */
  private static String byDataset(PhaseReport phase) {
    String charts = charts(phase.curves().stream().filter(Curve::ofDataset));
    String rows =
        phase.heldOut().stream()
            .filter(HeldOut::ofDataset)
            .map(
                figure ->
                    row(
                        "held-out " + Wording.heldOutName(figure),
                        Wording.change(figure.before(), figure.after())))
            .collect(Collectors.joining());
    String table = rows.isEmpty() ? "" : "<table><tbody>\n" + rows + "</tbody></table>\n";
    return charts.isEmpty() && table.isEmpty()
        ? ""
        : details("Loss by dataset", table + "<div class=\"charts\">\n" + charts + "</div>\n");
  }

  private static String warning(String sentence) {
    return "<p class=\"warning\">" + Markup.escape(sentence) + "</p>\n";
  }

  private static String kind(PhaseReport phase) {
    String kind = phase.type() + " · " + phase.targeting();
    return phase.status() == PhaseReport.Status.FINISHED
        ? kind
        : kind + " · " + Wording.state(phase.status());
  }

  private static String changes(PhaseReport before, PhaseReport phase) {
    if (!before.chosen() || !phase.chosen()) {
      return "";
    }
    StringBuilder rows = new StringBuilder();
    int entered = 0;
    int left = 0;
    for (SelectionChange change : SelectionChange.between(before, phase)) {
      entered += change.entered().size();
      left += change.left().size();
      rows.append(
          """
          <tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td></tr>
          """
              .formatted(
                  Markup.escape(change.type()),
                  places(change.entered()),
                  places(change.left()),
                  places(change.stayed())));
    }
    boolean moved = !before.rescans().isEmpty() || !phase.rescans().isEmpty();
    String summary =
        "Beside %s%s: %s entered, %d left"
            .formatted(
                before.name(),
                moved ? ", all that was trained at any time" : "",
                Wording.count(entered, "module"),
                left);
    return details(
        summary,
        """
        <table>
        <thead><tr><th>type</th><th>entered</th><th>left</th><th>stayed</th></tr></thead>
        <tbody>
        %s</tbody></table>
        """
            .formatted(rows));
  }

  /**
   * The layers of some modules of a type, of experts with their numbers in each; the name of one
   * outside the layers.
   */
  private static String places(List<ModuleReport> modules) {
    SortedMap<Integer, SortedSet<Integer>> expertsOfLayers = new TreeMap<>();
    List<String> outside = new ArrayList<>();
    for (ModuleReport module : modules) {
      @Nullable Integer layer = module.layer();
      if (layer == null) {
        outside.add(module.module());
        continue;
      }
      SortedSet<Integer> experts = expertsOfLayers.computeIfAbsent(layer, l -> new TreeSet<>());
      @Nullable Integer expert = Strip.expert(module);
      if (expert != null) {
        experts.add(expert);
      }
    }
    List<String> places = new ArrayList<>();
    expertsOfLayers.forEach((layer, experts) -> places.add(layer + experts(experts)));
    places.addAll(outside);
    return places.stream().map(Markup::escape).collect(Collectors.joining(", "));
  }

  private static String experts(SortedSet<Integer> numbers) {
    String kind = numbers.size() == 1 ? " (expert " : " (experts ";
    return numbers.isEmpty()
        ? ""
        : numbers.stream().map(String::valueOf).collect(Collectors.joining(", ", kind, ")"));
  }

  private static String selection(PhaseReport phase) {
    if (!phase.chosen()) {
      return "";
    }
    Map<String, List<ModuleReport>> byType = new LinkedHashMap<>();
    for (ModuleReport module : phase.shown()) {
      byType.computeIfAbsent(Strip.type(module), type -> new ArrayList<>()).add(module);
    }
    StringBuilder lists = new StringBuilder();
    byType.forEach((type, modules) -> lists.append(selection(type, modules)));
    @Nullable AtATime atATime = phase.atATime();
    String counts = Summary.modules(phase) + (atATime == null ? "" : ", " + atATime.text());
    return details("Trained modules: " + counts, lists.toString());
  }

  private static String selection(String type, List<ModuleReport> modules) {
    List<ModuleReport> selected =
        modules.stream()
            .filter(ModuleReport::selected)
            .sorted(
                Comparator.comparing(
                    ModuleReport::rank, Comparator.nullsLast(Comparator.naturalOrder())))
            .toList();
    String rows =
        selected.stream()
            .map(
                module ->
                    row(
                        module.module(),
                        module.snr() == null ? "–" : "SNR " + Wording.figure(module.snr())))
            .collect(Collectors.joining());
    String summary = type + ": " + selected.size() + " of " + modules.size();
    return details(summary, "<table><tbody>\n" + rows + "</tbody></table>\n");
  }

  private static String rescans(PhaseReport phase) {
    if (phase.rescans().isEmpty()) {
      return "";
    }
    StringBuilder rows = new StringBuilder();
    int entered = 0;
    int left = 0;
    for (RescanReport rescan : phase.rescans()) {
      entered += rescan.entered().size();
      left += rescan.left().size();
      rows.append(
          """
          <tr><th scope="row">after step %s</th><td>%s</td><td>%s</td></tr>
          """
              .formatted(
                  Wording.full(rescan.step()),
                  Markup.escape(String.join(", ", rescan.entered())),
                  Markup.escape(String.join(", ", rescan.left()))));
    }
    String summary =
        "Chosen anew on the way: %s, %s entered, %d left"
            .formatted(
                Wording.count(phase.rescans().size(), "time"),
                Wording.count(entered, "module"),
                left);
    return details(
        summary,
        """
        <table>
        <thead><tr><th></th><th>entered</th><th>left</th></tr></thead>
        <tbody>
        %s</tbody></table>
        """
            .formatted(rows));
  }

  private static String settings(PhaseReport phase) {
    String rows =
        phase.settings().stream()
            .map(setting -> row(setting.key(), setting.value()))
            .collect(Collectors.joining());
    return details("Settings", "<table><tbody>\n" + rows + "</tbody></table>\n");
  }

  private static String data(PhaseReport phase) {
    if (phase.data().isEmpty()) {
      return "";
    }
    String rows =
        phase.data().stream()
            .map(file -> row(file.path(), "sha256 " + file.sha256()))
            .collect(Collectors.joining());
    String summary = "Data: " + Wording.count(phase.data().size(), "file");
    return details(summary, "<table><tbody>\n" + rows + "</tbody></table>\n");
  }

  private static String row(String name, String value) {
    return """
        <tr><th scope="row">%s</th><td>%s</td></tr>
        """
        .formatted(Markup.escape(name), Markup.escape(value));
  }

  private static String details(String summary, String body) {
    return """
        <details><summary>%s</summary>
        %s</details>
        """
        .formatted(Markup.escape(summary), body);
  }
}
