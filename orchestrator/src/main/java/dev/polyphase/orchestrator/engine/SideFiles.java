package dev.polyphase.orchestrator.engine;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
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
   * @param tells whether it tells by itself that it has to wait, and that it was written
   */
  private record Waiting(Writing writing, String remedy, boolean tells) {}

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
    boolean waited = waiting.containsKey(name);
    attempt(name, new Waiting(writing, remedy, false), waited);
  }

  /** Writes later what could not be written now, as it has told by itself. */
  void later(String name, Writing writing) {
    waiting.put(name, new Waiting(writing, "", true));
  }

  /** Tries again what waits. */
  void retry() {
    new LinkedHashMap<>(waiting).forEach((name, one) -> attempt(name, one, true));
  }

  /** Tries for the last time, and says what is missing. */
  void end() {
    retry();
    waiting.forEach(
        (name, missing) ->
            notes.accept(
                name
                    + " could not be written"
                    + (missing.remedy.isEmpty() ? "" : "; ")
                    + missing.remedy));
  }

  /** What is missing, in a sentence that a finished run keeps; null where nothing is. */
  @Nullable String missing() {
    return waiting.isEmpty() ? null : "still to be written: " + String.join(", ", waiting.keySet());
  }

  private void attempt(String name, Waiting one, boolean waited) {
    waiting.put(name, one);
    try {
      one.writing.write();
    } catch (IOException | RuntimeException | LinkageError | InternalError e) {
      // Fonts, which pictures need, can lack in ways that Java calls errors.
      if (!waited) {
        notes.accept(
            "%s can't be written now (%s); the run goes on and tries it again when a phase has ended"
                .formatted(name, FailureText.cause(e)));
      }
      return;
    }
    waiting.remove(name);
    if (waited && !one.tells) {
      notes.accept(name + " could be written after all");
    }
  }
}
