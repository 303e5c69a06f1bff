package dev.polyphase.reports;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The table of a page that holds the phases' totals side by side. */
final class Overview {
  private static final String GAP = "–";

  private final List<PhaseReport> phases;
  private final StringBuilder rows = new StringBuilder();

  private Overview(List<PhaseReport> phases) {
    this.phases = phases;
  }

  static String table(Report report) {
    return new Overview(report.phases()).table();
  }

  private String table() {
    row("kind", phase -> phase.type() + ", " + phase.targeting());
    if (phases.stream().anyMatch(phase -> phase.status() != PhaseReport.Status.FINISHED)) {
      row("state", phase -> Wording.state(phase.status()));
    }
    row("modules trained", Overview::modules);
    row("always trained", Overview::alwaysTrained);
    totals("parameters trained", Overview::parameters);
    totals("values changed", Overview::changed);
    totals("steps", totals -> Wording.full(totals.steps()));
    totals("rows", totals -> rows(totals.data()));
    if (phases.stream().map(PhaseReport::totals).anyMatch(Overview::hasHeldOut)) {
      totals("held-out rows", totals -> rows(totals.heldOut()));
    }
    if (phases.stream().map(PhaseReport::totals).anyMatch(Overview::hasSeveralDatasets)) {
      totals("rows by dataset", Overview::datasets);
    }
    totals("tokens", totals -> Wording.full(totals.tokens()));
    totals("time", totals -> Wording.duration(totals.seconds()));
    row("training loss", phase -> phase.loss().map(Summary::ends).orElse(GAP));
    heldOutNames().forEach(name -> row("held-out " + name, phase -> heldOut(phase, name)));
    String names =
        phases.stream()
            .map(phase -> "<th scope=\"col\">" + Markup.escape(phase.name()) + "</th>")
            .collect(Collectors.joining());
    return """
        <div class="scroll"><table class="overview">
        <thead><tr><td></td>%s</tr></thead>
        <tbody>
        %s</tbody>
        </table></div>
        """
        .formatted(names, rows);
  }

  private void row(String name, Function<PhaseReport, String> text) {
    rows.append("<tr><th scope=\"row\">").append(Markup.escape(name)).append("</th>");
    for (PhaseReport phase : phases) {
      rows.append("<td>").append(Markup.escape(text.apply(phase))).append("</td>");
    }
    rows.append("</tr>\n");
  }

  private void totals(String name, Function<PhaseTotals, String> text) {
    row(
        name,
        phase -> {
          @Nullable PhaseTotals totals = phase.totals();
          return totals == null ? GAP : text.apply(totals);
        });
  }

  private static String modules(PhaseReport phase) {
    if (phase.modules().isEmpty()) {
      return GAP;
    }
    long selected = phase.modules().stream().filter(ModuleReport::selected).count();
    long all = phase.modules().size();
    return Wording.full(selected)
        + " of "
        + Wording.full(all)
        + " ("
        + Wording.percent(selected, all)
        + ")"
        + atATime(phase);
  }

  private static String atATime(PhaseReport phase) {
    @Nullable AtATime atATime = phase.atATime();
    return atATime == null ? "" : ", " + atATime.text();
  }

  private static String alwaysTrained(PhaseReport phase) {
    return phase.alwaysTrained().isEmpty()
        ? GAP
        : phase.alwaysTrained().stream()
            .map(ModuleReport::module)
            .collect(Collectors.joining(", "));
  }

  private static boolean hasHeldOut(@Nullable PhaseTotals totals) {
    return totals != null && totals.heldOut() != null;
  }

  private static boolean hasSeveralDatasets(@Nullable PhaseTotals totals) {
    return totals != null && totals.datasets().size() > 1;
  }

  /** {@code maths: 90 of 100: 2 cut, 10 dropped, 4,321 tokens; german: 50 of 50, 1,234 tokens}. */
  private static String datasets(PhaseTotals totals) {
    return totals.datasets().isEmpty()
        ? GAP
        : totals.datasets().entrySet().stream()
            .map(
                dataset ->
                    "%s: %s, %s tokens"
                        .formatted(
                            dataset.getKey(),
                            rows(dataset.getValue()),
                            Wording.full(dataset.getValue().tokens())))
            .collect(Collectors.joining("; "));
  }

  /** {@code 90 of 100: 2 cut, 10 dropped}; what there is none of is left out. */
  private static String rows(@Nullable RowCounts counts) {
    if (counts == null) {
      return GAP;
    }
    List<String> parts = new ArrayList<>();
    addTo(parts, counts.cut(), "cut");
    addTo(parts, counts.dropped(), "dropped");
    addTo(parts, counts.withoutLoss(), "without loss");
    addTo(parts, counts.bad(), "bad");
    addTo(parts, counts.duplicates(), "duplicates");
    addTo(parts, counts.alsoHeldOut(), "also held out");
    addTo(parts, counts.equal(), "equal pairs");
    return Wording.full(counts.kept())
        + " of "
        + Wording.full(counts.read())
        + (parts.isEmpty() ? "" : ": " + String.join(", ", parts));
  }

  private static void addTo(List<String> parts, long count, String what) {
    if (count > 0) {
      parts.add(Wording.full(count) + " " + what);
    }
  }

  private static String parameters(PhaseTotals totals) {
    return Wording.full(totals.trainedParameters())
        + " of "
        + Wording.full(totals.parameters())
        + " ("
        + Wording.percent(totals.trainedParameters(), totals.parameters())
        + ")";
  }

  private static String changed(PhaseTotals totals) {
    boolean themselves = totals.savedParameters() == totals.trainedParameters();
    return Wording.full(totals.changedParameters())
        + " ("
        + Wording.percent(totals.changedParameters(), totals.savedParameters())
        + (themselves ? " of those)" : " of those that adapters were merged into)");
  }

  private Set<String> heldOutNames() {
    return phases.stream()
        .flatMap(phase -> phase.heldOut().stream())
        .filter(figure -> !figure.ofDataset())
        .map(Wording::heldOutName)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static String heldOut(PhaseReport phase, String name) {
    return phase.heldOut().stream()
        .filter(figure -> Wording.heldOutName(figure).equals(name))
        .map(figure -> Wording.change(figure.before(), figure.after()))
        .findFirst()
        .orElse(GAP);
  }
}
