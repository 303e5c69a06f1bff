package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.service.watch.LineFile;
import dev.polyphase.orchestrator.service.watch.RunReports;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.reports.HeldOut;
import dev.polyphase.reports.PhaseReport;
import dev.polyphase.reports.Report;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Everything about a run that the first look at its page shows. */
final class RunDetail {
  /** Rows are short; of the last of them the latest that has a loss is shown. */
  private static final int LAST_ROWS = 1 << 15;

  private final RunFolder run;
  private final RunState state;
  private final Report report;
  private final RunRow row;

  private RunDetail(RunRow row, RunFolder run, RunState state, Report report) {
    this.row = row;
    this.run = run;
    this.state = state;
    this.report = report;
  }

  /** The run as JSON; without its phases where its folder is not there or can't be understood. */
  static ObjectNode of(RunRow row, RunReports reports) {
    ObjectNode node = Json.run(row);
    node.putNull("base_model");
    ArrayNode phases = node.putArray("phase_list");
    ArrayNode warnings = node.putArray("warnings");
    ObjectNode settings = node.putObject("settings");
    RunFolder run = new RunFolder(row.folder());
    try {
      RunState state = RunReports.state(run);
      new TreeMap<>(state.settings()).forEach(settings::put);
      RunDetail detail = new RunDetail(row, run, state, reports.whole(run));
      node.put("base_model", detail.report.baseModel());
      for (int i = 0; i < Math.min(state.phases().size(), detail.report.phases().size()); i++) {
        phases.add(detail.phase(i));
        detail.report.phases().get(i).warnings().forEach(warnings::add);
      }
    } catch (IOException | RuntimeException e) {
      // A run that waits has no folder yet, and one that is being made has half of one.
      node.put("base_model", (String) null);
    }
    return node;
  }

  private ObjectNode phase(int index) throws IOException {
    PhaseState phase = state.phases().get(index);
    PhaseReport about = report.phases().get(index);
    @Nullable PhaseResult result = phase.result();
    ObjectNode figures = figures(index);
    ObjectNode node = Json.object();
    node.put("index", index);
    node.put("name", phase.name());
    node.put("type", phase.type());
    node.put("status", phase.status().name().toLowerCase(Locale.ROOT));
    boolean current = row.alive() && phase.name().equals(row.progress().phase());
    @Nullable Long step = current ? row.progress().step() : null;
    if (result != null) {
      step = result.steps();
    } else if (step == null && figures.has("step")) {
      step = figures.path("step").longValue();
    }
    node.put("step", step);
    node.put(
        "total_steps",
        result != null ? (Long) result.steps() : current ? row.progress().totalSteps() : null);
    node.put("seconds", result == null ? null : (Double) result.seconds());
    node.put("tokens", result == null ? null : (Long) result.tokens());
    node.put("trained_values", result == null ? null : (Long) result.trainedValues());
    node.put("targeting", about.targeting());
    ArrayNode warnings = node.putArray("warnings");
    about.warnings().forEach(warnings::add);
    ArrayNode heldOut = node.putArray("held_out");
    about.heldOut().forEach(figure -> heldOut.add(heldOut(figure)));
    node.set("figures", figures);
    ObjectNode settings = node.putObject("settings");
    new TreeMap<>(phase.settings()).forEach(settings::put);
    return node;
  }

  private static ObjectNode heldOut(HeldOut figure) {
    ObjectNode node = Json.object();
    node.put("name", figure.name());
    node.put("before", finite(figure.before()));
    node.put("after", finite(figure.after()));
    return node;
  }

  private static @Nullable Double finite(@Nullable Double value) {
    return value == null || !Double.isFinite(value) ? null : value;
  }

  /** The latest row of a step; an empty one where there is none. */
  private ObjectNode figures(int index) throws IOException {
    LineFile file = new LineFile(run.phase(index, state.phases().get(index).name()).metricsJsonl());
    List<String> lines =
        file.after(file.beforeLast(Integer.MAX_VALUE, LAST_ROWS), LAST_ROWS).lines();
    ArrayNode rows = Json.object().putArray("rows");
    ParsedLines.addTo(rows, lines);
    for (int i = rows.size() - 1; i >= 0; i--) {
      JsonNode one = rows.get(i);
      if (one.has("loss") && one instanceof ObjectNode object) {
        return object;
      }
    }
    return Json.object();
  }
}
