package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.StagingBuffer;
import dev.polyphase.phases.model.Devices;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.TrainedPart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Updates on the CPU, where masters and states are, of a model that is on other devices (Ren et al.
 * 2021, "ZeRO-Offload"). Gradients come and new weights go block by block: while the CPU updates a
 * block, the gradients of the next are on their way, and the weights of the one before.
 *
 * <p>States never move: they would be three times as much to move in each direction as gradients
 * and weights are.
 */
final class Offload implements AutoCloseable {
  private final Devices devices;
  private final NDManager host;
  private final List<StagingBuffer> incoming;
  private final StagingBuffer outgoing;
  private final NDArray float32;

  Offload(Devices devices) {
    this.devices = devices;
    this.host = devices.host().newSubManager();
    this.incoming = List.of(buffer(), buffer());
    this.outgoing = buffer();
    this.float32 = host.create(0f);
  }

  /** The owner of states. */
  NDManager host() {
    return host;
  }

  /**
   * Updates parts whose gradients are on the model's devices.
   *
   * @param update updates some of them, whose gradients are on the CPU
   */
  void update(List<TrainedPart> parts, BiConsumer<List<TrainedPart>, NDManager> update) {
    List<List<TrainedPart>> blocks = byBlock(parts);
    try (NDManager scratch = host.newSubManager()) {
      List<NDArray> next = bring(blocks, 0, scratch);
      for (int block = 0; block < blocks.size(); block++) {
        // From here on this block's gradients are here, and no buffer is in use but theirs.
        devices.await();
        List<NDArray> here = next;
        next = bring(blocks, block + 1, scratch);
        send(blocks, block - 1, scratch);
        for (int i = 0; i < here.size(); i++) {
          blocks.get(block).get(i).moveGradient(here.get(i));
        }
        update.accept(blocks.get(block), scratch);
      }
      devices.await();
      send(blocks, blocks.size() - 1, scratch);
    }
  }

  @Override
  public void close() {
    // Buffers in use must not be freed.
    devices.await();
    incoming.forEach(StagingBuffer::close);
    outgoing.close();
    host.close();
  }

  private StagingBuffer buffer() {
    return new StagingBuffer(host, devices.onGpu());
  }

  /** The gradients of a block, on their way to the CPU. */
  private List<NDArray> bring(List<List<TrainedPart>> blocks, int block, NDManager scratch) {
    return block < blocks.size()
        ? incoming
            .get(block % 2)
            .bring(blocks.get(block).stream().map(TrainedPart::gradient).toList(), float32, scratch)
        : List.of();
  }

  /** Sends the new weights of a block on their way to the model. */
  private void send(List<List<TrainedPart>> blocks, int block, NDManager scratch) {
    if (block >= 0) {
      outgoing.send(
          blocks.get(block).stream().map(part -> part.master().upper()).toList(),
          blocks.get(block).stream().map(TrainedPart::compute).toList(),
          scratch);
    }
  }

  private static List<List<TrainedPart>> byBlock(List<TrainedPart> parts) {
    Map<String, List<TrainedPart>> blocks = new LinkedHashMap<>();
    for (TrainedPart part : parts) {
      blocks.computeIfAbsent(ModelLayout.partOf(part.name()), block -> new ArrayList<>()).add(part);
    }
    return List.copyOf(blocks.values());
  }
}
