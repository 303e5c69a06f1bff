package dev.polyphase.orchestrator.index;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a run's folder says at one moment.
 *
 * @param folder the folder, absolute
 * @param state where the run stands; null where it can't be understood
 * @param problem why it can't; or null
 * @param checkpoints the weights in it
 */
record RunReading(
    Path folder,
    @Nullable RunState state,
    @Nullable String problem,
    List<IndexedCheckpoint> checkpoints) {

  RunReading {
    checkpoints = List.copyOf(checkpoints);
  }

  /** The phase that a run is in, or was in last. */
  static int current(RunState state) {
    return Math.min(state.finishedPhases(), state.phases().size() - 1);
  }

  static RunReading of(Path folder) {
    RunFolder run = new RunFolder(folder);
    try {
      Optional<RunState> state = RunStore.read(run);
      return state.isEmpty()
          ? new RunReading(folder, null, "its run.json is gone", List.of())
          : new RunReading(folder, state.get(), null, checkpoints(run, state.get()));
    } catch (InputException e) {
      return new RunReading(folder, null, e.getMessage(), List.of());
    } catch (IOException e) {
      return new RunReading(folder, null, "its run.json can't be read", List.of());
    }
  }

  private static List<IndexedCheckpoint> checkpoints(RunFolder run, RunState state)
      throws IOException {
    List<IndexedCheckpoint> found = new ArrayList<>();
    for (int i = 0; i < state.phases().size(); i++) {
      PhaseState phase = state.phases().get(i);
      PhaseFolder phaseFolder = run.phase(i, phase.name());
      for (PhaseFolder.KeptStep kept : phaseFolder.keptSteps()) {
        found.add(new IndexedCheckpoint(i, kept.step(), true, kept.path()));
      }
      if (phase.finished() && Files.isDirectory(phaseFolder.model())) {
        long steps = phase.result() == null ? 0 : phase.result().steps();
        found.add(new IndexedCheckpoint(i, steps, false, phaseFolder.model()));
      }
    }
    return found;
  }

  /**
   * What changes when a run's state does, or what is kept of the phase that it is in.
   *
   * @param phase the folder's name of that phase; null where it is not known
   * @return empty where there is no run, or none that can be read
   */
  static Optional<String> stamp(Path folder, @Nullable String phase) {
    try {
      BasicFileAttributes file =
          Files.readAttributes(new RunFolder(folder).runJson(), BasicFileAttributes.class);
      // Each state is a new file, of which two may be as large and written in the same moment.
      String state =
          "%s %d %s".formatted(file.lastModifiedTime().toInstant(), file.size(), file.fileKey());
      return Optional.of(
          state
              + " "
              + (phase == null ? "" : new PhaseFolder(folder.resolve(phase)).stampOfKept()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
