package dev.polyphase.orchestrator.engine;

import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a run writes beside its models for people and other programs to look at: model cards,
 * trainer states, rescans, the report, the last rows of metrics. No phase fails for the sake of
 * one. What can't be written is said once and tried again when a phase has ended, before the next
 * one starts from its model, and when the run has.
 */
final class SideFiles {
  private final Consumer<String> notes;
  private final Map<String, Waiting> waiting = new LinkedHashMap<>();
  private final Set<String> missed = new HashSet<>();

  /** How something is written. */
  @FunctionalInterface
  interface Writing {
    /** Writes it, whole or not at all. */
    void write() throws IOException;
  }

  /**
   * What could not be written yet.
   *
   * @param remedy as in {@link #write}
   * @param told whether someone was told that it has to wait
   */
  private record Waiting(Writing writing, String remedy, boolean told) {}

  /**
   * Nothing waits yet.
   *
   * @param notes is told, in a sentence each, what has to wait, what was written after all, and
   *     what is missing in the end
   */
  SideFiles(Consumer<String> notes) {
    this.notes = notes;
  }

  /**
   * Writes something, now or later.
   *
   * @param name what it is called in sentences, as {@code the report}; of the same name the latest
   *     alone is written
   * @param remedy what makes it good if it is missing in the end, as {@code polyphase report runs/x
   *     makes it}; empty where nothing does
   */
  void write(String name, String remedy, Writing writing) {
    boolean told = told(name);
    Optional<String> failure = attempt(name, new Waiting(writing, remedy, told));
    if (failure.isPresent() && !told) {
      notes.accept(
          "%s can't be written now (%s); the run goes on and tries it again when a phase has ended"
              .formatted(name, failure.get()));
      waiting.put(name, new Waiting(writing, remedy, true));
    }
  }

  /** Has something written by the next {@link #retry} or {@link #end}. */
  void later(String name, String remedy, Writing writing) {
    waiting.put(name, new Waiting(writing, remedy, told(name)));
  }

  /** Tries what waits. */
  void retry() {
    new LinkedHashMap<>(waiting).forEach(this::attempt);
  }

  /** Tries it for the last time, and says what is missing, once of each. */
  void end() {
    new LinkedHashMap<>(waiting)
        .forEach((name, one) -> attempt(name, one).ifPresent(cause -> miss(name, one, cause)));
  }

  private void miss(String name, Waiting one, String cause) {
    if (missed.add(name)) {
      String remedy = one.remedy.isEmpty() ? "" : "; " + one.remedy;
      notes.accept(name + " could not be written (" + cause + ")" + remedy);
    }
  }

  /** What is missing, in a sentence that a finished run keeps; null where nothing is. */
  @Nullable String missing() {
    return waiting.isEmpty() ? null : "still to be written: " + String.join(", ", waiting.keySet());
  }

  private boolean told(String name) {
    @Nullable Waiting before = waiting.get(name);
    return before != null && before.told;
  }

  /** The cause, where it still has to wait. */
  private Optional<String> attempt(String name, Waiting one) {
    try {
      one.writing.write();
    } catch (IOException | RuntimeException | LinkageError | InternalError e) {
      // Fonts, which pictures need, can lack in ways that Java calls errors.
      waiting.put(name, one);
      return Optional.of(FailureText.cause(e));
    }
    waiting.remove(name);
    if (one.told) {
      notes.accept(name + " could be written after all");
    }
    return Optional.empty();
  }
}
