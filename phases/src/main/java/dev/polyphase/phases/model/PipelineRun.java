package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The passes of one step on their way through the stages, taken by several threads. */
final class PipelineRun {
  private final List<Stage> stages;
  private final IntFunction<Pass> begin;
  private final boolean oneAtATime;
  private final TurnObserver observer;
  private final Map<Integer, Pass> inFlight = new ConcurrentHashMap<>();
  private final Object drawing = new Object();
  private final Set<Turn> taken = new HashSet<>();
  private int atWork;
  private @Nullable Throwable failure;

  /**
   * No turn taken yet.
   *
   * @param begin makes a pass; called by the thread of the first stage alone
   * @param threads how many will take turns
   */
  PipelineRun(
      List<Stage> stages,
      IntFunction<Pass> begin,
      boolean oneAtATime,
      TurnObserver observer,
      int threads) {
    this.stages = stages;
    this.begin = begin;
    this.oneAtATime = oneAtATime;
    this.observer = observer;
    this.atWork = threads;
  }

  /**
   * Takes turns in their order, each when its pass has come; ends where another thread fails.
   *
   * @param first is done before
   */
  void take(List<Turn> turns, Runnable first) {
    try {
      first.run();
      for (Turn next : turns) {
        if (!awaitTurn(next)) {
          break;
        }
        if (oneAtATime) {
          synchronized (drawing) {
            take(next);
          }
        } else {
          take(next);
        }
        isTaken(next);
      }
    } catch (Throwable e) {
      // Whatever it is, nobody may wait for this thread; whoever asked for the step hears of it.
      fail(e);
    } finally {
      leave();
    }
  }

  /** Has one thread take no turns: it could not begin. */
  void takeNone(Throwable why) {
    fail(why);
    leave();
  }

  /** Returns when no thread is at work. What the first of them that failed threw, this throws. */
  void await() {
    boolean interrupted = false;
    synchronized (this) {
      while (atWork > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    inFlight.values().forEach(Pass::close);
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  private void take(Turn next) {
    observer.begins(next);
    Stage stage = stages.get(next.stage());
    if (next.up()) {
      if (next.stage() == 0) {
        inFlight.put(next.pass(), begin.apply(next.pass()));
      }
      stage.forward(requireNonNull(inFlight.get(next.pass())));
    } else {
      stage.backward(requireNonNull(inFlight.get(next.pass())));
      if (next.stage() == 0) {
        requireNonNull(inFlight.remove(next.pass())).close();
      }
    }
    observer.ends(next);
  }

  /** Returns when a pass has come to this turn; false where it will not. */
  private synchronized boolean awaitTurn(Turn next) {
    @Nullable Turn before = TurnOrder.before(next, stages.size());
    while (failure == null && before != null && !taken.contains(before)) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
    return failure == null;
  }

  private synchronized void isTaken(Turn ended) {
    taken.add(ended);
    notifyAll();
  }

  private synchronized void fail(Throwable by) {
    if (failure == null) {
      failure = by;
    }
    notifyAll();
  }

  private synchronized void leave() {
    atWork--;
    notifyAll();
  }
}
