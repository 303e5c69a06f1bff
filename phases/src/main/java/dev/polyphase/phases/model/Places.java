package dev.polyphase.phases.model;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.kernels.Uploads;
import java.util.ArrayList;
import java.util.List;

/** The places of a model, each with an owner of arrays on its device. */
final class Places implements AutoCloseable {
  private final Placement placement;
  private final ModelLayout layout;
  private final List<NDManager> managers = new ArrayList<>();
  private final List<TensorStore> stores = new ArrayList<>();
  private final List<Uploads> uploads = new ArrayList<>();

  Places(Placement placement, ModelLayout layout) {
    this.placement = placement;
    this.layout = layout;
    try {
      for (String device : placement.devices()) {
        NDManager manager = Libtorch.newManager(device);
        managers.add(manager);
        stores.add(new TensorStore(manager));
        uploads.add(new Uploads(manager));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The place of a parameter. */
  int of(String parameter) {
    return placement.of(parameter, layout);
  }

  int ofBlock(int layer) {
    return placement.ofBlock(layer);
  }

  int ofEmbedding() {
    return placement.ofEmbedding();
  }

  int ofHead() {
    return placement.ofHead(layout);
  }

  /** The owner of what stays at a place. */
  NDManager manager(int place) {
    return managers.get(place);
  }

  List<NDManager> managers() {
    return List.copyOf(managers);
  }

  TensorStore store(int place) {
    return stores.get(place);
  }

  /** Brings a step's arrays to a place. */
  Uploads uploads(int place) {
    return uploads.get(place);
  }

  /** A part of a step's owner, for arrays that are made at a place. */
  NDManager scratch(int place, NDManager step) {
    return step.newSubManager(managers.get(place).getDevice());
  }

  @Override
  public void close() {
    stores.forEach(TensorStore::close);
    uploads.forEach(Uploads::close);
    managers.forEach(Libtorch::close);
  }
}
