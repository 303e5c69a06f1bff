package dev.polyphase.phases.optimizer;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.StagingBuffer;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.pipelines.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Updates on the CPU, where masters and states are, of a model that is on other devices (Ren et al.
 * 2021, "ZeRO-Offload"). Gradients come and new weights go block by block: while the CPU updates a
 * block, the gradients of the next are on their way, and the weights of the one before.
 *
 * <p>States never move: they would be three times as much to move in each direction as gradients
 * and weights are.
 */
final class UpdatesOnHost implements Updates {
  private final NDManager host;
  private final HostMasters model;
  private final UpdateRule rule;
  private final List<StagingBuffer> incoming;
  private final StagingBuffer outgoing;
  private final double weightDecay;

  /** Updates without states. */
  UpdatesOnHost(HostMasters model, Optimizer settings, RoundingKeys keys) {
    this.host = model.host().newSubManager();
    this.model = model;
    this.rule = UpdateRules.of(host, settings, keys);
    this.incoming = List.of(buffer(), buffer());
    this.outgoing = buffer();
    this.weightDecay = settings.weightDecay();
  }

  @Override
  public void make(
      Map<String, NDArray> masters,
      Map<String, NDArray> gradients,
      ToDoubleFunction<String> learningRate) {
    List<List<String>> parts = byBlock(gradients);
    try (NDManager scratch = host.newSubManager()) {
      Map<String, NDArray> next = bring(parts, 0, gradients, scratch);
      for (int part = 0; part < parts.size(); part++) {
        // From here on this part's gradients are here, and no buffer is in use but theirs.
        model.awaitDevices().run();
        Map<String, NDArray> here = next;
        next = bring(parts, part + 1, gradients, scratch);
        send(parts, part - 1, masters, scratch);
        UpdateGroup.all(masters, here, learningRate, weightDecay)
            .forEach(group -> rule.update(group, scratch));
      }
      model.awaitDevices().run();
      send(parts, parts.size() - 1, masters, scratch);
    }
  }

  @Override
  public void forget(String name) {
    rule.forget(name);
  }

  @Override
  public void close() {
    // Buffers in use must not be freed.
    model.awaitDevices().run();
    incoming.forEach(StagingBuffer::close);
    outgoing.close();
    rule.close();
    host.close();
  }

  private StagingBuffer buffer() {
    return new StagingBuffer(host, model.onGpu());
  }

  /** The gradients of a part, on their way to the CPU. */
  private Map<String, NDArray> bring(
      List<List<String>> parts, int part, Map<String, NDArray> gradients, NDManager scratch) {
    if (part >= parts.size()) {
      return Map.of();
    }
    List<String> names = parts.get(part);
    List<NDArray> coming = incoming.get(part % 2).bring(of(names, gradients), scratch);
    Map<String, NDArray> byName = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      byName.put(names.get(i), coming.get(i));
    }
    return byName;
  }

  /** Sends the new weights of a part on their way to the model. */
  private void send(
      List<List<String>> parts, int part, Map<String, NDArray> masters, NDManager scratch) {
    if (part >= 0) {
      List<String> names = parts.get(part);
      outgoing.send(of(names, masters), of(names, model.copies().get()), scratch);
    }
  }

  private static List<NDArray> of(List<String> names, Map<String, NDArray> arrays) {
    return names.stream().map(name -> requireNonNull(arrays.get(name), name)).toList();
  }

  private static List<List<String>> byBlock(Map<String, NDArray> gradients) {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    for (String name : gradients.keySet()) {
      parts.computeIfAbsent(ModelLayout.partOf(name), part -> new ArrayList<>()).add(name);
    }
    return List.copyOf(parts.values());
  }
}
