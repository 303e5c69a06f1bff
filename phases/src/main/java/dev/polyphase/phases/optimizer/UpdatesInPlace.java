package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.pipelines.Optimizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/** Updates where masters and gradients are, all of one rate and one decay in one call. */
final class UpdatesInPlace implements Updates {
  private final List<NDManager> places;
  private final ToIntFunction<String> placeOf;
  private final List<UpdateRule> rules;
  private final double weightDecay;

  /**
   * Updates without states.
   *
   * @param places the parents of each place's states
   * @param placeOf the index among them of a parameter's
   */
  UpdatesInPlace(
      List<NDManager> places,
      ToIntFunction<String> placeOf,
      Optimizer settings,
      RoundingKeys keys) {
    this.places = places.stream().map(NDManager::newSubManager).toList();
    this.placeOf = placeOf;
    this.rules = this.places.stream().map(place -> UpdateRules.of(place, settings, keys)).toList();
    this.weightDecay = settings.weightDecay();
  }

  @Override
  public void make(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate) {
    Map<Integer, Map<String, NDArray>> byPlace = new TreeMap<>();
    gradients.forEach(
        (name, gradient) ->
            byPlace
                .computeIfAbsent(placeOf.applyAsInt(name), place -> new LinkedHashMap<>())
                .put(name, gradient));
    try (NDManager scratch = places.get(0).newSubManager()) {
      byPlace.forEach(
          (place, ofPlace) ->
              UpdateGroup.all(masters, ofPlace, learningRate, weightDecay)
                  .forEach(group -> rules.get(place).update(group, scratch)));
    }
  }

  @Override
  public void forget(String name) {
    rules.get(placeOf.applyAsInt(name)).forget(name);
  }

  @Override
  public void close() {
    rules.forEach(UpdateRule::close);
    places.forEach(NDManager::close);
  }
}
