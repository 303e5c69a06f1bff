package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportJsonTest {

  @Test
  void rescansAreThereWhereThereWereAny() throws Exception {
    PhaseReport still = Reports.phase("still", List.of());
    PhaseReport moving =
        Reports.rescanned(
            still,
            new RescanReport(3, List.of("a", "b"), List.of("c")),
            new RescanReport(6, List.of(), List.of()));

    JsonNode phases =
        new ObjectMapper().readTree(ReportJson.write(Reports.of(still, moving))).path("phases");

    assertThat(phases.get(0).has("rescans")).isFalse();
    assertThat(phases.get(1).path("rescans"))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    [{"step": 3, "entered": ["a", "b"], "left": ["c"]},
                     {"step": 6, "entered": [], "left": []}]
                    """));
  }

  @Test
  void marginsAreThereWhereThereWereAny() throws Exception {
    PhaseReport plain = Reports.phase("plain", List.of());
    PhaseReport paired =
        Reports.withMargins(
            plain,
            new Margins(
                List.of(-0.5, 0.0, 0.5),
                new Margins.Spread(List.of(1L, 4L), 2),
                null,
                new Margins.Spread(List.of(0L, 3L), 0)));

    JsonNode phases =
        new ObjectMapper().readTree(ReportJson.write(Reports.of(plain, paired))).path("phases");

    assertThat(phases.get(0).has("margins")).isFalse();
    assertThat(phases.get(1).path("margins"))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"edges": [-0.5, 0.0, 0.5],
                     "training": {"pairs": 7, "ties": 2, "counts": [1, 4]},
                     "held_out_after": {"pairs": 3, "ties": 0, "counts": [0, 3]}}
                    """));
    assertThat(ReportPage.write(Reports.of(plain, paired)))
        .containsOnlyOnce("<b>margins</b> of 7 pairs")
        .containsOnlyOnce("<b>held-out margins</b> of 3 pairs");
  }

  @Test
  void everyModuleHasTheKeysOfTheContractAndPlainJsonNumbers() throws Exception {
    List<ModuleReport> modules =
        List.of(
            new ModuleReport("model.layers.3.mlp.up_proj", "mlp.up_proj", 3, 0.25, 1, true),
            new ModuleReport(
                "model.layers.0.mlp.up_proj", "mlp.up_proj", 0, Double.POSITIVE_INFINITY, 2, false),
            new ModuleReport("lm_head", "lm_head", null, Double.NaN, 3, false),
            new ModuleReport("model.norm", "model.norm", null, null, null, false));
    Report report =
        Reports.of(
            Reports.phase(
                "foundation",
                "sft",
                PhaseReport.Status.FINISHED,
                modules,
                List.of(new ModuleReport("embed", "embed", null, null, null, true)),
                new PhaseTotals(
                    4,
                    1,
                    1000,
                    250,
                    250,
                    249,
                    12,
                    3456,
                    1.5,
                    new RowCounts(12, 6, 5, 2, 1, 1, 1, 1, 4, 288),
                    new RowCounts(1, 1, 0, 0, 0, 0, 0, 0, 0, 32),
                    Map.of("maths", new RowCounts(12, 6, 5, 2, 1, 1, 1, 1, 4, 288))),
                List.of(),
                List.of()),
            PhaseReport.pending("alignment", "dpo", "all parameters", List.of()));

    String expected =
        """
        {"phases": [{"name": "foundation", "type": "sft", "status": "finished", "modules": [
          {"module": "model.layers.3.mlp.up_proj", "type": "mlp.up_proj", "layer": 3,
           "snr": 0.25, "rank": 1, "selected": true},
          {"module": "model.layers.0.mlp.up_proj", "type": "mlp.up_proj", "layer": 0,
           "snr": null, "snr_text": "Infinity", "rank": 2, "selected": false},
          {"module": "lm_head", "type": "lm_head", "layer": null,
           "snr": null, "snr_text": "NaN", "rank": 3, "selected": false},
          {"module": "model.norm", "type": "model.norm", "layer": null,
           "snr": null, "snr_text": "not scanned", "rank": null, "selected": false}],
          "always_trained": ["embed"], "warnings": ["phase foundation: much was cut"],
          "totals": {"modules": 4, "selected_modules": 1, "parameters": 1000,
            "trained_parameters": 250, "changed_parameters": 249, "steps": 12, "tokens": 3456,
            "seconds": 1.5,
            "data": {"read": 12, "kept": 6, "cut": 5, "dropped": 2, "without_loss": 1,
              "bad": 1, "duplicates": 1, "also_held_out": 1, "equal": 4,
              "tokens": 288},
            "held_out":
              {"read": 1, "kept": 1, "cut": 0, "dropped": 0, "without_loss": 0, "bad": 0,
                "duplicates": 0, "also_held_out": 0, "equal": 0, "tokens": 32},
            "datasets": {"maths":
              {"read": 12, "kept": 6, "cut": 5, "dropped": 2, "without_loss": 1, "bad": 1,
                "duplicates": 1, "also_held_out": 1, "equal": 4, "tokens": 288}}}},
          {"name": "alignment", "type": "dpo", "status": "pending", "modules": [],
           "always_trained": [], "totals": null}]}
        """;

    String written = ReportJson.write(report);
    ObjectMapper strict = new ObjectMapper();
    assertThat(strict.readTree(written)).isEqualTo(strict.readTree(expected));
    assertThat(written).endsWith("}\n");
  }
}
