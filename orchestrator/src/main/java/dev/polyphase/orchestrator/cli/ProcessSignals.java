package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.StopSignal;
import dev.polyphase.weights.TemporaryFolder;
import java.lang.reflect.Proxy;
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
    try {
      for (String name : NAMES) {
        handle(name, this::received);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this Java has no signals (module jdk.unsupported)", e);
    }
    try {
      handle("USR1", number -> saveRequested.set(true));
    } catch (ReflectiveOperationException e) {
      // Some Javas keep it for themselves; the file in the run's folder asks for the same.
      saveRequested.set(false);
    }
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
   */
  private static void handle(String name, IntConsumer received)
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
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), calling);
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
