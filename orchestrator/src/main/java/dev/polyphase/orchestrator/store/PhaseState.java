package dev.polyphase.orchestrator.store;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.polyphase.phases.api.PhaseResult;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of one phase of a run.
 *
 * @param name the phase's name
 * @param type as {@code sft} or {@code dpo}
 * @param folder its folder's name within the run's
 * @param status where the phase stands
 * @param settings its settings by key, as {@code targeting.top_percent}
 * @param data the SHA-256 of each file of its data as it was when the phase began, by the path as
 *     the pipeline gives it; empty before
 * @param result what training did, or null before its end
 * @param start the weights' files that it was trained from when it began; null before, and where an
 *     earlier version began it
 * @param reference likewise of the other model that is its reference; empty where there is none
 */
public record PhaseState(
    String name,
    String type,
    String folder,
    Status status,
    Map<String, String> settings,
    Map<String, String> data,
    @Nullable PhaseResult result,
    @Nullable List<StartFile> start,
    @Nullable List<StartFile> reference) {

  /**
   * A file of a model at one moment.
   *
   * @param name its name in the model's folder
   * @param bytes its length
   * @param modified when it was written, as ISO 8601 in UTC
   * @param sample a digest of some of its bytes, which tells models of equal length apart
   */
  public record StartFile(String name, long bytes, String modified, String sample) {
    /** One that lacks nothing, as a file may, and lies in no other folder. */
    public StartFile {
      if (name.matches("\\.\\.?|.*[/\\\\].*")) {
        throw new IllegalArgumentException(name + " is no file of a folder");
      }
      requireNonNull(modified);
      requireNonNull(sample);
    }
  }

  /** Where a phase stands. */
  public enum Status {
    /** Not begun. */
    @JsonProperty("pending")
    PENDING,
    /** Begun; where the run has stopped it goes on from its newest checkpoint, or starts anew. */
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
    start = start == null ? null : List.copyOf(start);
    reference = reference == null ? null : List.copyOf(reference);
  }

  /** Whether its model is complete. */
  public boolean finished() {
    return status == Status.FINISHED;
  }

  /** This phase, begun on data with these digests, from these files, with those as reference. */
  public PhaseState begun(
      Map<String, String> digests, List<StartFile> from, List<StartFile> beside) {
    return new PhaseState(
        name, type, folder, Status.RUNNING, settings, digests, null, from, beside);
  }

  /** This phase, begun as it was, going on with other settings. */
  public PhaseState with(Map<String, String> others) {
    return new PhaseState(name, type, folder, status, others, data, result, start, reference);
  }

  /** This phase, finished with this result. */
  public PhaseState finished(PhaseResult trained) {
    return new PhaseState(
        name, type, folder, Status.FINISHED, settings, data, trained, start, reference);
  }
}
