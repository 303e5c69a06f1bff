package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.StopSignal;
import dev.polyphase.weights.TemporaryFolder;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * INT, TERM and HUP. The first one asks the run to stop, which saves its state; a second one ends
 * the process at once with 128 and the signal's number. USR1 asks for a checkpoint, and the run
 * goes on.
 */
public final class ProcessSignals implements StopSignal {
  private static final List<String> NAMES = List.of("INT", "TERM", "HUP");

  private final Consumer<String> messages;
  private final AtomicBoolean requested = new AtomicBoolean();
  private final AtomicBoolean saveRequested = new AtomicBoolean();

  /** Signals that tell {@code messages} what they did, from a thread of their own. */
  public ProcessSignals(Consumer<String> messages) {
    this.messages = messages;
  }

  @Override
  public void listen() {
    toStop(this::received);
    try {
      handle("USR1", number -> saveRequested.set(true));
    } catch (ReflectiveOperationException e) {
      // Some Javas keep it for themselves; the file in the run's folder asks for the same.
      saveRequested.set(false);
    }
  }

  /**
   * Calls {@code received} with its number on each signal that asks to stop.
   *
   * @return what makes it as it was before
   */
  static Runnable toStop(IntConsumer received) {
    List<Runnable> before = new ArrayList<>();
    try {
      for (String name : NAMES) {
        before.add(handle(name, received));
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this Java has no signals (module jdk.unsupported)", e);
    }
    return () -> before.forEach(Runnable::run);
  }

  @Override
  public boolean requested() {
    return requested.get();
  }

  @Override
  public boolean saveRequested() {
    return saveRequested.getAndSet(false);
  }

  /**
   * Calls {@code received} with its number on each signal of that name. {@code sun.misc.Signal} is
   * supported on every JDK, but javac warns of each mention of it in a way that nothing can
   * suppress, and our warnings are errors; hence the reflection.
   *
   * @return what puts back what was called before
   */
  private static Runnable handle(String name, IntConsumer received)
      throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object calling =
        Proxy.newProxyInstance(
            ProcessSignals.class.getClassLoader(),
            new Class<?>[] {handler},
            (proxy, method, arguments) -> {
              received.accept((int) signal.getMethod("getNumber").invoke(arguments[0]));
              return null;
            });
    Object named = signal.getConstructor(String.class).newInstance(name);
    Method handle = signal.getMethod("handle", signal, handler);
    Object before = handle.invoke(null, named, calling);
    return () -> {
      try {
        handle.invoke(null, named, before);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("this Java has no signals (module jdk.unsupported)", e);
      }
    };
  }

  private void received(int number) {
    if (requested.getAndSet(true)) {
      TemporaryFolder.removeAll();
      // Not System.exit: it would wait for shutdown hooks, and the user has asked twice.
      Runtime.getRuntime().halt(128 + number);
    }
    messages.accept("stopping after this step, the state is saved; a second signal stops at once");
  }
}
