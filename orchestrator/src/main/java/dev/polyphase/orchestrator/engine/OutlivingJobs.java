package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** What engines beside the embedded trainer may still have running when a process of ours ended. */
@FunctionalInterface
public interface OutlivingJobs {

  /**
   * Ends what was started for a folder: none of its processes runs any more when this returns.
   *
   * @param engineFolder what a phase's engine works in; there may be no job, or one that has ended
   * @throws IOException where that is not certain, with what to do
   */
  void end(Path engineFolder) throws IOException;

  /** Ends that of a phase whose folder is about to go, or to be moved. */
  default void end(PhaseFolder phase) throws IOException {
    if (Files.isDirectory(phase.engine(), LinkOption.NOFOLLOW_LINKS)) {
      end(phase.engine());
    }
  }
}
