package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.OwnFolder;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.processes.ProcessMark;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Starts what the queue holds, one run a device at a time, each in a process of its own. One thread
 * looks at the queue again and again, and when one of its processes has ended.
 */
public final class Worker implements AutoCloseable {
  private final Database database;
  private final Clock clock;
  private final Settings settings;
  private final List<String> devices;
  private final String id = UUID.randomUUID().toString();
  private final Children children;
  private final Starts starts;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final RunQueue queue;
  private boolean nudged;
  private boolean closing;
  private boolean told;
  private @Nullable Thread thread;

  /**
   * How a worker goes about it.
   *
   * @param retries how often a run is tried again
   * @param look how often it looks at the queue
   * @param patience how long it waits, when it is closed, for processes to save their state
   * @param notes is told, in a sentence each, what goes wrong
   */
  public record Settings(
      Retries retries, Duration look, Duration patience, Consumer<String> notes) {

    /** Those of the service. */
    public static Settings telling(Consumer<String> notes) {
      return new Settings(Retries.DEFAULT, Duration.ofSeconds(1), Duration.ofMinutes(30), notes);
    }
  }

  /**
   * A worker, which does nothing before {@link #start}.
   *
   * @param devices what it runs on, as {@code cuda:0}
   * @param program makes the command that runs this program with some arguments
   */
  public Worker(RunQueue queue, List<String> devices, UnaryOperator<List<String>> program) {
    this(queue, devices, program, Settings.telling(sentence -> {}));
  }

  /** A worker with settings. */
  public Worker(
      RunQueue queue,
      List<String> devices,
      UnaryOperator<List<String>> program,
      Settings settings) {
    this.queue = queue;
    this.database = queue.database();
    this.clock = queue.clock();
    this.settings = settings;
    this.devices = List.copyOf(devices);
    this.children = new Children(queue, id, settings, this::nudge);
    this.starts = new Starts(queue, id, this.devices, program, children, settings.notes());
  }

  /**
   * Begins, having taken over what a worker that died left.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where others could change what is run
   */
  public void start() throws IOException {
    OwnFolder.create(queue.home().resolve("queue"));
    Thread loop = new Thread(this::loop, "polyphase-queue");
    loop.setDaemon(true);
    beat();
    children.takeOver();
    loop.start();
    thread = loop;
  }

  /** Has it look at the queue now. */
  public void nudge() {
    lock.lock();
    try {
      nudged = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void loop() {
    while (!isClosing()) {
      look();
      pause();
    }
  }

  private boolean isClosing() {
    lock.lock();
    try {
      return closing;
    } finally {
      lock.unlock();
    }
  }

  private void look() {
    try {
      beat();
      children.settle();
      children.takeOver();
      starts.endFollowers();
      children.askThoseThatAreToStop();
      starts.startWhatCan();
      told = false;
    } catch (OperationFailedException e) {
      // The database may be back at the next look; the processes run on.
      if (!told) {
        told = true;
        settings.notes().accept(e.getMessage() + "; it is tried again, what runs goes on");
      }
    }
  }

  private void pause() {
    lock.lock();
    try {
      long left = settings.look().toNanos();
      while (!nudged && !closing && left > 0) {
        left = changed.awaitNanos(left);
      }
      nudged = false;
    } catch (InterruptedException e) {
      closing = true;
    } finally {
      lock.unlock();
    }
  }

  private void beat() {
    database.transaction(
        connection -> {
          if (!Workers.beat(connection, id, clock.instant())) {
            Workers.add(connection, id, ProcessMark.self(), devices, clock.instant());
          }
          return true;
        });
  }

  /**
   * Starts nothing more and asks what runs to stop with its state saved; it waits in the queue.
   * What does not stop in time runs on, and the next worker finds it.
   */
  @Override
  public void close() {
    @Nullable Thread loop = end();
    if (loop == null) {
      return;
    }
    try {
      loop.join();
      long until = System.nanoTime() + settings.patience().toNanos();
      children.releaseAll();
      while (!children.isEmpty() && System.nanoTime() - until < 0) {
        children.askThoseThatAreToStop();
        waitFor(settings.look());
        beat();
        children.settle();
      }
      database.transaction(
          connection -> {
            Workers.remove(connection, id);
            return true;
          });
    } catch (OperationFailedException e) {
      settings.notes().accept(e.getMessage() + "; what still runs is found by the next service");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private @Nullable Thread end() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
      @Nullable Thread loop = thread;
      thread = null;
      return loop;
    } finally {
      lock.unlock();
    }
  }

  private void waitFor(Duration time) throws InterruptedException {
    lock.lock();
    try {
      long left = time.toNanos();
      while (!nudged && left > 0) {
        left = changed.awaitNanos(left);
      }
      nudged = false;
    } finally {
      lock.unlock();
    }
  }
}
