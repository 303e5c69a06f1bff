package dev.polyphase.orchestrator.index;

import dev.polyphase.orchestrator.store.RunState;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run as the index knows it.
 *
 * @param id the first twelve digits of the SHA-256 of its folder's absolute path, in hexadecimal
 * @param name the pipeline's name
 * @param folder the run's folder, absolute
 * @param status where it stands; null where its {@code run.json} can't be understood
 * @param alive whether a process holds it
 * @param message why it failed or was interrupted; or null
 * @param started when it began
 * @param updated when its state was written last
 * @param phase the name of the phase that it is in, or was in last
 * @param finishedPhases how many phases are done
 * @param phases how many there are
 */
public record IndexedRun(
    String id,
    String name,
    Path folder,
    RunState.@Nullable Status status,
    boolean alive,
    @Nullable String message,
    @Nullable Instant started,
    @Nullable Instant updated,
    @Nullable String phase,
    int finishedPhases,
    int phases) {

  /** The same, held by a process or not. */
  IndexedRun with(boolean held) {
    return new IndexedRun(
        id, name, folder, status, held, message, started, updated, phase, finishedPhases, phases);
  }
}
