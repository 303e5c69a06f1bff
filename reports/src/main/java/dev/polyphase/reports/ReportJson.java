package dev.polyphase.reports;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The text of {@code report.json}. Scripts read it: its keys are a contract. */
public final class ReportJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ReportJson() {}

  /** The report as JSON with a newline at its end. */
  public static String write(Report report) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode phases = root.putArray("phases");
    for (PhaseReport phase : report.phases()) {
      ObjectNode node = phases.addObject();
      node.put("name", phase.name());
      node.put("type", phase.type());
      node.put("status", phase.status().name().toLowerCase(Locale.ROOT));
      ArrayNode modules = node.putArray("modules");
      phase.modules().forEach(module -> put(modules.addObject(), module));
      ArrayNode always = node.putArray("always_trained");
      phase.alwaysTrained().forEach(module -> always.add(module.module()));
      if (!phase.rescans().isEmpty()) {
        ArrayNode rescans = node.putArray("rescans");
        phase.rescans().forEach(rescan -> put(rescans.addObject(), rescan));
      }
      if (!phase.warnings().isEmpty()) {
        ArrayNode warnings = node.putArray("warnings");
        phase.warnings().forEach(warnings::add);
      }
      @Nullable Margins margins = phase.margins();
      if (margins != null) {
        put(node.putObject("margins"), margins);
      }
      @Nullable PhaseTotals totals = phase.totals();
      if (totals == null) {
        node.putNull("totals");
      } else {
        put(node.putObject("totals"), totals);
      }
    }
    try {
      return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of plain values did not become JSON", e);
    }
  }

  private static void put(ObjectNode node, ModuleReport module) {
    node.put("module", module.module());
    node.put("type", module.type());
    node.put("layer", module.layer());
    @Nullable Double snr = module.snr();
    if (snr != null && Double.isFinite(snr)) {
      node.put("snr", snr);
    } else {
      // JSON has no infinity and no NaN.
      node.putNull("snr");
      node.put("snr_text", snr == null ? "not scanned" : Double.toString(snr));
    }
    node.put("rank", module.rank());
    node.put("selected", module.selected());
  }

  private static void put(ObjectNode node, RescanReport rescan) {
    node.put("step", rescan.step());
    ArrayNode entered = node.putArray("entered");
    rescan.entered().forEach(entered::add);
    ArrayNode left = node.putArray("left");
    rescan.left().forEach(left::add);
  }

  private static void put(ObjectNode node, Margins margins) {
    ArrayNode edges = node.putArray("edges");
    margins.edges().forEach(edges::add);
    put(node, "training", margins.training());
    put(node, "held_out_before", margins.heldOutBefore());
    put(node, "held_out_after", margins.heldOutAfter());
  }

  private static void put(ObjectNode margins, String name, Margins.@Nullable Spread spread) {
    if (spread != null) {
      ObjectNode node = margins.putObject(name);
      node.put("pairs", spread.pairs());
      node.put("ties", spread.ties());
      ArrayNode counts = node.putArray("counts");
      spread.counts().forEach(counts::add);
    }
  }

  private static void put(ObjectNode node, PhaseTotals totals) {
    node.put("modules", totals.modules());
    node.put("selected_modules", totals.selectedModules());
    node.put("parameters", totals.parameters());
    node.put("trained_parameters", totals.trainedParameters());
    node.put("changed_parameters", totals.changedParameters());
    node.put("steps", totals.steps());
    node.put("tokens", totals.tokens());
    node.put("seconds", totals.seconds());
    @Nullable RowCounts data = totals.data();
    if (data != null) {
      put(node.putObject("data"), data);
    }
    @Nullable RowCounts heldOut = totals.heldOut();
    if (heldOut != null) {
      put(node.putObject("held_out"), heldOut);
    }
    if (!totals.datasets().isEmpty()) {
      ObjectNode datasets = node.putObject("datasets");
      totals.datasets().forEach((name, counts) -> put(datasets.putObject(name), counts));
    }
  }

  private static void put(ObjectNode node, RowCounts counts) {
    node.put("read", counts.read());
    node.put("kept", counts.kept());
    node.put("cut", counts.cut());
    node.put("dropped", counts.dropped());
    node.put("without_loss", counts.withoutLoss());
    node.put("bad", counts.bad());
    node.put("duplicates", counts.duplicates());
    node.put("also_held_out", counts.alsoHeldOut());
    node.put("equal", counts.equal());
    node.put("tokens", counts.tokens());
  }
}
