package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.events.RunEvent;
import dev.polyphase.orchestrator.events.RunObserver;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Metrics in a file, for the textfile collector of Prometheus's node_exporter: written whole every
 * few seconds from the run's beginning on, and once more when it has ended. Where it can't be
 * written the run goes on.
 */
public final class MetricsFile implements RunObserver, AutoCloseable {
  private static final long EVERY_SECONDS = 5;

  private final Path file;
  private final Metrics metrics;
  private final Consumer<String> notes;
  private final ScheduledExecutorService writing;

  /** Null before the run begins. */
  private @Nullable ScheduledFuture<?> repeated;

  private boolean told;

  /**
   * A file that is written once the run begins.
   *
   * @param notes is told, in a sentence, when it can't be written, and when it can again
   * @throws InputException where it can't be written
   */
  public MetricsFile(Path file, Metrics metrics, Consumer<String> notes) throws IOException {
    OutputPlace.requireFile(file);
    if (OutputPlace.isWrittenThrough(file)) {
      throw new InputException(
          Place.in(file.toString()), "--metrics-file is written anew all the time; name a file");
    }
    this.file = file;
    this.metrics = metrics;
    this.notes = notes;
    this.writing =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "metrics-file");
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public synchronized void on(StampedEvent happened) {
    if (repeated == null && happened.event() instanceof RunEvent.RunStarted) {
      repeated = writing.scheduleWithFixedDelay(this::write, 0, EVERY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void write() {
    try {
      byte[] text = metrics.scrape().getBytes(StandardCharsets.UTF_8);
      OutputPlace.write(file, out -> out.write(text));
      if (told) {
        told = false;
        notes.accept(file + " can be written again");
      }
    } catch (IOException e) {
      failed(FileFailure.cause(file, e));
    } catch (InputException e) {
      // Something else has taken its place.
      failed(String.valueOf(e.getMessage()));
    }
  }

  private void failed(String cause) {
    if (!told) {
      told = true;
      notes.accept(cause + "; metrics are written as soon as they can be, and all else goes on");
    }
  }

  /** Writes it for the last time. */
  @Override
  public void close() {
    writing.shutdown();
    try {
      if (!writing.awaitTermination(EVERY_SECONDS, TimeUnit.SECONDS)) {
        // A share that does not answer must not keep the run from ending.
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    boolean last;
    synchronized (this) {
      last = repeated != null;
    }
    if (last) {
      write();
    }
  }
}
