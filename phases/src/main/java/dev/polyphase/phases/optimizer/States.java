package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * An optimiser's states by parameter name, made when a parameter has its first gradient.
 *
 * @param <S> one parameter's states
 */
final class States<S> {
  private final NDManager manager;
  private final BiFunction<NDManager, NDArray, S> initial;
  private final Map<String, Held<S>> byName = new HashMap<>();

  /**
   * No states yet.
   *
   * @param initial makes a master's first states, owned by the manager that it is given
   */
  States(NDManager manager, BiFunction<NDManager, NDArray, S> initial) {
    this.manager = manager;
    this.initial = initial;
  }

  /** The states of a group's parameters, in its order. */
  List<S> of(UpdateGroup group) {
    return group.items().stream()
        .map(item -> byName.computeIfAbsent(item.name(), n -> hold(item.master())).state)
        .toList();
  }

  /** The states of a parameter, if there are any. */
  Optional<S> find(String name) {
    return Optional.ofNullable(byName.get(name)).map(Held::state);
  }

  /** Frees the states of a parameter, if there are any. */
  void forget(String name) {
    Held<S> held = byName.remove(name);
    if (held != null) {
      held.owner.close();
    }
  }

  private Held<S> hold(NDArray master) {
    NDManager owner = manager.newSubManager();
    return new Held<>(owner, initial.apply(owner, master));
  }

  private record Held<S>(NDManager owner, S state) {}
}
