package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.RunRequest.Start;
import java.io.IOException;
import java.nio.file.Path;

/** A run of three phases that is done, as the engine leaves it. */
public final class SampleRun {
  private SampleRun() {}

  /** Makes one below a folder and returns its own. */
  public static Path in(Path folder) throws IOException {
    new EngineRuns(folder).run(EngineRuns.THREE_PHASES, Start.BEGIN_OR_RESUME);
    return folder.resolve("runs/three");
  }
}
