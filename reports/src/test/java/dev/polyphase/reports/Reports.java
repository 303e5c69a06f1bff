package dev.polyphase.reports;

import dev.polyphase.reports.Curve.Point;
import dev.polyphase.reports.PhaseReport.Status;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reports to draw. */
final class Reports {
  private static final List<String> PROJECTIONS =
      List.of(
          "self_attn.q_proj",
          "self_attn.k_proj",
          "self_attn.v_proj",
          "self_attn.o_proj",
          "mlp.gate_proj",
          "mlp.up_proj",
          "mlp.down_proj");

  private Reports() {}

  static Report of(PhaseReport... phases) {
    return new Report("small", "tiny-llama", "2026-01-02 03:04 UTC", "0.1.0", List.of(phases));
  }

  /** Two types in three layers; the second phase trained another module, the third waits. */
  static Report small() {
    List<ModuleReport> first =
        List.of(
            module(0, "mlp.up_proj", 0.25, 2, false),
            module(1, "mlp.up_proj", 0.75, 1, true),
            module(2, "mlp.up_proj", Double.NaN, 3, false),
            module(0, "self_attn.q_proj", Double.POSITIVE_INFINITY, 1, true),
            module(1, "self_attn.q_proj", 2.5, 2, false),
            module(2, "self_attn.q_proj", 0, 3, false));
    List<ModuleReport> second =
        List.of(
            module(0, "mlp.up_proj", 0.875, 1, true),
            module(1, "mlp.up_proj", 0.625, 2, false),
            module(2, "mlp.up_proj", 0.125, 3, false));
    return of(
        phase(
            "foundation",
            "sft",
            Status.FINISHED,
            first,
            List.of(new ModuleReport("lm_head", "lm_head", null, null, null, true)),
            new PhaseTotals(
                6,
                2,
                1000,
                250,
                250,
                249,
                12,
                3456,
                75,
                new RowCounts(1000, 900, 20, 70, 30, 0, 0, 0, 0, 3456),
                new RowCounts(12, 12, 0, 0, 0, 0, 0, 0, 0, 44),
                datasets()),
            List.of(new Curve("loss", List.of(new Point(1, 2), new Point(12, 1.5)))),
            List.of(new HeldOut("eval_loss", 2.25, 1.75))),
        phase(
            "refinement",
            "dpo",
            Status.BEGUN,
            second,
            List.of(),
            null,
            List.of(new Curve("loss", List.of(new Point(1, Double.NaN)))),
            List.of()),
        PhaseReport.pending("alignment", "dpo", "all parameters", List.of()));
  }

  /** Phases over all seven projections of this many layers, the best quarter of each trained. */
  static Report large(int phases, int layers) {
    List<PhaseReport> reports = new ArrayList<>();
    for (int p = 0; p < phases; p++) {
      List<ModuleReport> modules = new ArrayList<>();
      for (String type : PROJECTIONS) {
        for (int layer = 0; layer < layers; layer++) {
          int rank = (layer * 7 + p) % layers + 1;
          modules.add(module(layer, type, 1.0 / rank, rank, rank <= layers / 4));
        }
      }
      reports.add(phase("phase-" + p, modules));
    }
    return of(reports.toArray(PhaseReport[]::new));
  }

  static PhaseReport phase(String name, List<ModuleReport> modules) {
    return phase(name, "sft", Status.FINISHED, modules, List.of(), null, List.of(), List.of());
  }

  static PhaseReport phase(
      String name,
      String type,
      Status status,
      List<ModuleReport> modules,
      List<ModuleReport> always,
      @Nullable PhaseTotals totals,
      List<Curve> curves,
      List<HeldOut> heldOut) {
    return new PhaseReport(
        name,
        type,
        "best 34 % of each type by SNR",
        status,
        modules,
        always,
        List.of(),
        totals == null ? List.of() : List.of("phase %s: much was cut".formatted(name)),
        totals,
        curves,
        heldOut,
        null,
        List.of(new Setting("learning_rate", "1e-5")),
        List.of(new DataFile("data/math.jsonl", "ab12")));
  }

  /** The same phase, which changed this on its way. */
  static PhaseReport rescanned(PhaseReport phase, RescanReport... rescans) {
    return new PhaseReport(
        phase.name(),
        phase.type(),
        phase.targeting(),
        phase.status(),
        phase.modules(),
        phase.alwaysTrained(),
        List.of(rescans),
        phase.warnings(),
        phase.totals(),
        phase.curves(),
        phase.heldOut(),
        phase.margins(),
        phase.settings(),
        phase.data());
  }

  /** The same phase with these margins. */
  static PhaseReport withMargins(PhaseReport phase, Margins margins) {
    return new PhaseReport(
        phase.name(),
        phase.type(),
        phase.targeting(),
        phase.status(),
        phase.modules(),
        phase.alwaysTrained(),
        phase.rescans(),
        phase.warnings(),
        phase.totals(),
        phase.curves(),
        phase.heldOut(),
        margins,
        phase.settings(),
        phase.data());
  }

  static ModuleReport module(int layer, String type, double snr, int rank, boolean selected) {
    return new ModuleReport("model.layers." + layer + "." + type, type, layer, snr, rank, selected);
  }

  /** All modules that a report shows, phase by phase. */
  static Stream<ModuleReport> shown(Report report) {
    return report.phases().stream().flatMap(phase -> phase.shown().stream());
  }

  private static Map<String, RowCounts> datasets() {
    Map<String, RowCounts> datasets = new LinkedHashMap<>();
    datasets.put("maths", new RowCounts(600, 580, 20, 20, 0, 0, 0, 0, 0, 2456));
    datasets.put("<german>", new RowCounts(400, 320, 0, 50, 30, 0, 0, 0, 0, 1000));
    return datasets;
  }
}
