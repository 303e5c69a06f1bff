package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.reports.HeatmapPng;
import dev.polyphase.reports.HeatmapSvg;
import dev.polyphase.reports.Report;
import dev.polyphase.reports.ReportJson;
import dev.polyphase.reports.ReportPage;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Makes the report from what a run's folder holds, and from nothing else. */
public final class ReportFiles {

  private ReportFiles() {}

  /**
   * Makes the report of a run anew, in whatever state the run is.
   *
   * @return its page
   * @throws InputException where the folder holds no run, or a folder where the report has a file
   */
  public static Path rebuild(RunFolder run) throws IOException {
    run.requireOwnFiles();
    RunState state =
        RunStore.read(run)
            .orElseThrow(
                () ->
                    new InputException(
                        run.path() + " holds no run.json; name the folder of a run, as runs/NAME"));
    for (String name : List.of("report.json", "heatmap.svg", "heatmap.png", "index.html")) {
      Path file = run.reportJson().resolveSibling(name);
      if (Files.isDirectory(file)) {
        throw new InputException(
            Place.in(file.toString()), "this is a folder, where the report has a file; remove it");
      }
    }
    return write(run, PipelineReader.read(run.pipelineYaml(), List.of()), state);
  }

  /** Writes the report of a run as it stands and returns its page. */
  static Path write(RunFolder run, Pipeline pipeline, RunState state) throws IOException {
    Report report = RunReport.of(run, pipeline, state);
    Path json = run.reportJson();
    Path page = json.resolveSibling("index.html");
    Files.createDirectories(json.getParent());
    AtomicFiles.writeString(json, ReportJson.write(report));
    AtomicFiles.writeString(json.resolveSibling("heatmap.svg"), HeatmapSvg.write(report));
    byte[] picture = HeatmapPng.write(report);
    AtomicFiles.write(json.resolveSibling("heatmap.png"), out -> out.write(picture));
    AtomicFiles.writeString(page, ReportPage.write(report));
    return page;
  }
}
