package dev.polyphase.orchestrator.trackers;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseFinished;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a run as files for TensorBoard, one in each phase's folder, and one more for each
 * time that the phase went on. Tags are those of Hugging Face's trainer: {@code train/loss}, {@code
 * eval/loss}.
 */
final class TensorBoardFiles implements RunObserver {
  private static final String HELD_OUT = "eval_";

  /** It is what the figures are over. */
  private static final String STEP = "step";

  private static final String EPOCH = "epoch";

  /** The tag by which Hugging Face's trainer shows its settings. */
  private static final String SETTINGS = "args/text_summary";

  private final RunFolder run;
  private final String settings;
  private final Consumer<String> warnings;
  private @Nullable Path folder;
  private OptionalLong resumedAt = OptionalLong.empty();
  private @Nullable EventFile file;
  private boolean told;

  /**
   * Files in a run's folder.
   *
   * @param settings the pipeline as YAML, which TensorBoard shows beside the figures
   * @param warnings is told, in a sentence, when something can't be written
   */
  TensorBoardFiles(RunFolder run, String settings, Consumer<String> warnings) {
    this.run = run;
    this.settings = settings;
    this.warnings = warnings;
  }

  @Override
  public void on(StampedEvent happened) {
    RunEvent event = happened.event();
    if (event instanceof PhaseStarted started) {
      close();
      folder = run.phase(started.index(), started.phase()).path();
      resumedAt = OptionalLong.empty();
    } else if (event instanceof PhaseResumed resumed) {
      // Another file takes back what this one has of steps that are taken again.
      close();
      resumedAt = OptionalLong.of(resumed.step());
    } else if (event instanceof Measured measured) {
      add(happened.time(), measured);
    } else if (event instanceof PhaseFinished || event instanceof RunEnded) {
      close();
    }
  }

  private void add(Instant time, Measured measured) {
    if (folder == null) {
      return;
    }
    try {
      if (file == null) {
        // Not before: a phase that begins anew makes its folder anew.
        file = begun(folder, time);
      }
      MetricsRow row = measured.row();
      file.add(TensorBoardEvent.scalars(time, row.step(), tagged(row.values(), measured.isStep())));
      file.flush();
      told = false;
    } catch (IOException e) {
      failed(file == null ? folder : file.path(), e);
    }
  }

  private EventFile begun(Path phase, Instant time) throws IOException {
    OptionalLong newest = EventFile.newest(phase);
    EventFile begun = EventFile.behind(newest, phase, time, host());
    begun.add(TensorBoardEvent.version(time));
    if (newest.isEmpty()) {
      begun.add(TensorBoardEvent.text(time, SETTINGS, asCode(settings)));
    } else {
      // Of the steps that are taken again, earlier files may have some.
      begun.add(
          TensorBoardEvent.start(time, resumedAt.isPresent() ? resumedAt.getAsLong() + 1 : 0));
    }
    return begun;
  }

  /** Lines that Markdown leaves as they are. */
  private static String asCode(String text) {
    return text.lines().map(line -> "    " + line).collect(Collectors.joining("\n"));
  }

  /** Figures by tag; that of the epoch comes with steps alone, or some would have it twice. */
  private static Map<String, Number> tagged(Map<String, Number> figures, boolean ofStep) {
    Map<String, Number> tagged = new LinkedHashMap<>();
    figures.forEach(
        (name, figure) -> {
          if (name.startsWith(HELD_OUT)) {
            tagged.put("eval/" + name.substring(HELD_OUT.length()), figure);
          } else if (!name.equals(STEP) && (ofStep || !name.equals(EPOCH))) {
            tagged.put("train/" + name, figure);
          }
        });
    return tagged;
  }

  /** TensorBoard's own writers have it in the names of files, and its readers expect some name. */
  private static String host() {
    try {
      String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
      return name.matches("[A-Za-z0-9][A-Za-z0-9.-]{0,62}") ? name : "localhost";
    } catch (IOException e) {
      return "localhost";
    }
  }

  private void failed(Path place, IOException e) {
    if (!told) {
      told = true;
      warnings.accept(
          FileFailure.cause(place, e)
              + "; what TensorBoard is to show waits in memory until it can be written, and all"
              + " else goes on");
    }
  }

  private void close() {
    @Nullable EventFile closing = file;
    file = null;
    if (closing == null) {
      return;
    }
    try (closing) {
      closing.flush();
    } catch (IOException e) {
      warnings.accept(
          "%s lacks its last %d events, which could not be written; metrics.jsonl has their figures"
              .formatted(closing.path(), closing.waiting()));
    }
  }
}
