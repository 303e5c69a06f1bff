package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.reports.Report;
import java.io.IOException;
import java.util.List;

/**
 * The report of a run that may be going on, for who looks at it meanwhile: what can't be read yet
 * is left out, and nothing is written.
 */
public final class LiveReport {
  private LiveReport() {}

  /** What each phase chose, and its sums; of one that trains no figures, which become more. */
  public static Report choices(RunFolder run, RunState state) throws IOException {
    return read(run, state, false);
  }

  /** All of it. */
  public static Report whole(RunFolder run, RunState state) throws IOException {
    return read(run, state, true);
  }

  private static Report read(RunFolder run, RunState state, boolean figures) throws IOException {
    return RunReport.asFarAsReadable(
        run, PipelineReader.read(run.pipelineYaml(), List.of()), state, figures);
  }
}
