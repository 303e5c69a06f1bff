package dev.polyphase.phases.training;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.phases.checkpoints.Checkpoints;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * When a phase writes checkpoints, and how: beside the training where the CPU has the memory for a
 * copy of what is in them, else while training stands still. One that can't be written is a
 * warning; training goes on, and the next is tried when it is due.
 */
final class Saves implements AutoCloseable {
  /** A copy may take so much of what the CPU has available. */
  private static final double USABLE = 0.7;

  private static final double NANOS_A_MINUTE = 60e9;

  private final Saving settings;
  private final long totalSteps;
  private final Checkpoints checkpoints;
  private final FreeMemory freeMemory;
  private final PhaseListener listener;
  private @Nullable Running running;
  private long lastSaveNanos = System.nanoTime();
  private long savedStep = -1;
  private boolean suspicious;

  /**
   * No checkpoint yet.
   *
   * @param totalSteps the phase's, of which {@code save_steps} may be a share
   */
  Saves(
      Saving settings,
      long totalSteps,
      Checkpoints checkpoints,
      FreeMemory freeMemory,
      PhaseListener listener) {
    this.settings = settings;
    this.totalSteps = totalSteps;
    this.checkpoints = checkpoints;
    this.freeMemory = freeMemory;
    this.listener = listener;
  }

  /** A checkpoint that is written beside the training. */
  private record Running(
      long step, double stoodStillSeconds, FutureTask<Checkpoints.Written> task) {}

  /**
   * The phase goes on from a checkpoint: there is one of this step. Later ones, which can't be
   * used, are removed, or they would count as the newest.
   */
  void resumed(long step) throws IOException {
    checkpoints.removeAfter(step);
    savedStep = step;
    lastSaveNanos = System.nanoTime();
  }

  /** After a step: saves where that is due. */
  void after(long step, Resumable state) {
    suspicious = false;
    // Asked first, since asking takes the request up.
    boolean asked = listener.saveRequested();
    if (running != null && running.task().isDone()) {
      await();
    }
    boolean byMinutes =
        settings.saveMinutes() > 0
            && step < totalSteps
            && System.nanoTime() - lastSaveNanos >= settings.saveMinutes() * NANOS_A_MINUTE;
    boolean bySteps =
        settings.saveSteps().isPresent() && step % settings.saveSteps().get().of(totalSteps) == 0;
    if (asked || byMinutes || bySteps) {
      save(step, state, true);
    }
  }

  /** The last steps look bad: what was saved before them stays, and nothing is saved for now. */
  void keepOlder() {
    suspicious = true;
  }

  /** Saves now, and returns when the checkpoint is complete or a warning says why it is not. */
  void now(long step, Resumable state) {
    await();
    if (savedStep != step) {
      save(step, state, false);
      await();
    }
  }

  /** Leaves the newest checkpoint alone on the disk, which needs room. */
  void makeRoom() throws IOException {
    await();
    checkpoints.thin(1);
  }

  /** Forgets what was saved after a step that was found to be bad. */
  void removeAfter(long step) throws IOException {
    await();
    checkpoints.removeAfter(step);
    savedStep = Math.min(savedStep, step);
  }

  /** Waits for a checkpoint that is being written. */
  @Override
  public void close() {
    await();
  }

  private void save(long step, Resumable state, boolean mayBeBeside) {
    long startNanos = System.nanoTime();
    await();
    lastSaveNanos = System.nanoTime();
    StateWriter writer = new StateWriter();
    try {
      state.save(writer);
    } catch (IOException e) {
      warn(step, e);
      return;
    }
    boolean beside = mayBeBeside && hasRoomFor(writer.arrayBytes());
    @Nullable NDManager copies = beside ? Libtorch.newManager("cpu") : null;
    if (copies != null) {
      writer.copyAside(copies);
    }
    FutureTask<Checkpoints.Written> task = new FutureTask<>(() -> written(step, writer, copies));
    if (beside) {
      Thread thread = new Thread(task, "checkpoint-" + step);
      thread.setDaemon(true);
      thread.start();
    } else {
      task.run();
    }
    running = new Running(step, (System.nanoTime() - startNanos) / 1e9, task);
    if (!beside) {
      await();
    }
  }

  /**
   * Of a full disk the older checkpoints are removed, all but the newest, and it is tried again.
   */
  private Checkpoints.Written written(long step, StateWriter writer, @Nullable NDManager copies)
      throws IOException {
    try (copies) {
      try {
        return checkpoints.write(step, writer);
      } catch (IOException e) {
        if (!FileFailure.isDiskFull(e)) {
          throw e;
        }
        checkpoints.thin(1);
        return checkpoints.write(step, writer);
      }
    }
  }

  private boolean hasRoomFor(long bytes) {
    try {
      OptionalLong free = freeMemory.of("cpu");
      return free.isPresent() && bytes < USABLE * free.getAsLong();
    } catch (IOException e) {
      return false;
    }
  }

  private void await() {
    if (running == null) {
      return;
    }
    Running finished = running;
    running = null;
    try {
      Checkpoints.Written written = finished.task().get();
      savedStep = finished.step();
      // Of an attempt from which nothing could be used: the phase began anew.
      checkpoints.removeAfter(savedStep);
      int limit = settings.saveTotalLimit();
      checkpoints.thin(suspicious && limit == 1 ? 2 : limit);
      listener.saved(
          new SavedCheckpoint(
              written.folder(), finished.step(), written.bytes(), finished.stoodStillSeconds()));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        warn(finished.step(), failure);
      } else if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      } else {
        throw new IllegalStateException(e.getCause());
      }
    } catch (IOException e) {
      warn(finished.step(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("nobody interrupts the thread that trains", e);
    }
  }

  private void warn(long step, IOException failure) {
    String kept =
        savedStep > 0
            ? "the one of step %d is kept".formatted(savedStep)
            : "there is none before it";
    listener.note(
        "the checkpoint of step %d could not be written: %s; %s, and training goes on"
            .formatted(step, FileFailure.sentence(checkpoints.of(step), failure), kept));
  }

  /** What a guard keeps a phase's state with. */
  StepGuard.StateKeeper keeperOf(Resumable state) {
    return new StepGuard.StateKeeper() {
      @Override
      public void keep(long step) {
        now(step, state);
      }

      @Override
      public void removeAfter(long step) throws IOException {
        Saves.this.removeAfter(step);
      }
    };
  }
}
