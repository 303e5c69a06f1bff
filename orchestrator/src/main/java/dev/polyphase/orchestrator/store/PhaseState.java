package dev.polyphase.orchestrator.store;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.polyphase.phases.api.PhaseResult;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of one phase of a run.
 *
 * @param name the phase's name
 * @param type {@code cpt}, {@code sft} or {@code dpo}
 * @param folder its folder's name within the run's
 * @param status where the phase stands
 * @param settings its settings by key, as {@code targeting.top_percent}
 * @param data the SHA-256 of each file of its data as it was when the phase began, by the path as
 *     the pipeline gives it; empty before
 * @param result what training did, or null before its end
 */
public record PhaseState(
    String name,
    String type,
    String folder,
    Status status,
    Map<String, String> settings,
    Map<String, String> data,
    @Nullable PhaseResult result) {

  /** Where a phase stands. */
  public enum Status {
    /** Not begun. */
    @JsonProperty("pending")
    PENDING,
    /** Begun; where the run has stopped it starts anew. */
    @JsonProperty("running")
    RUNNING,
    /** Its model is complete. */
    @JsonProperty("finished")
    FINISHED
  }

  /** A state that lacks nothing, as a file may. */
  public PhaseState {
    requireNonNull(name);
    requireNonNull(type);
    requireNonNull(folder);
    requireNonNull(status);
    settings = Map.copyOf(settings);
    data = Map.copyOf(data);
  }

  /** Whether its model is complete. */
  public boolean finished() {
    return status == Status.FINISHED;
  }

  /** This phase, begun on data with these digests. */
  public PhaseState begun(Map<String, String> digests) {
    return new PhaseState(name, type, folder, Status.RUNNING, settings, digests, null);
  }

  /** This phase, finished with this result. */
  public PhaseState finished(PhaseResult trained) {
    return new PhaseState(name, type, folder, Status.FINISHED, settings, data, trained);
  }
}
