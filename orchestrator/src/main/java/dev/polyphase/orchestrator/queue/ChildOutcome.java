package dev.polyphase.orchestrator.queue;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How the process of a queued run ended, as it says itself in a file.
 *
 * @param exit its exit code
 * @param cause why
 * @param message what a user is told of it; or null
 */
public record ChildOutcome(int exit, Cause cause, @Nullable String message) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Why a process ended. */
  public enum Cause {
    /** All phases are done. */
    @JsonProperty("done")
    DONE(false),
    /** It was asked to stop; its state is saved. */
    @JsonProperty("interrupted")
    INTERRUPTED(false),
    /** What it was given is wrong. */
    @JsonProperty("input")
    INPUT(false),
    /** Another process holds the run. */
    @JsonProperty("busy")
    BUSY(true),
    /** The device has no memory left, which others may use. */
    @JsonProperty("device")
    DEVICE(true),
    /** There is no room on the disk. */
    @JsonProperty("disk")
    DISK(true),
    /** The machine's memory, or Java's, does not suffice. */
    @JsonProperty("memory")
    MEMORY(false),
    /** It said nothing, as a process that was killed. */
    @JsonProperty("killed")
    KILLED(true),
    /** Something else. */
    @JsonProperty("failed")
    FAILED(false);

    private final boolean canPass;

    Cause(boolean canPass) {
      this.canPass = canPass;
    }

    /** Whether the same may succeed later. */
    public boolean canPass() {
      return canPass;
    }
  }

  /** One that lacks nothing, as a file may. */
  public ChildOutcome {
    requireNonNull(cause);
  }

  /** Writes it, whole or not at all. */
  public void write(Path file) throws IOException {
    AtomicFiles.writeString(file, JSON.writeValueAsString(this) + "\n");
  }

  /** What a process has written; empty where it has not, or where that is something else. */
  static Optional<ChildOutcome> read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(JSON.readValue(Files.readAllBytes(file), ChildOutcome.class));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
