package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.kernels.Uploads;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The devices of a model, each with an owner of the arrays on it. One may be there several times:
 * what is said of two devices holds for two parts of one as well.
 */
public final class Devices implements AutoCloseable {
  private final Placement placement;
  private final ModelLayout layout;
  private final List<NDManager> managers = new ArrayList<>();
  private final List<TensorStore> stores = new ArrayList<>();
  private final List<Uploads> uploads = new ArrayList<>();
  private final List<NDArray> toRead = new ArrayList<>();
  private @Nullable NDManager host;
  private @Nullable TensorStore hostStore;

  Devices(Placement placement, ModelLayout layout) {
    this.placement = placement;
    this.layout = layout;
    try {
      for (String device : placement.devices()) {
        NDManager manager = Libtorch.newManager(device);
        managers.add(manager);
        stores.add(new TensorStore(manager));
        uploads.add(new Uploads(manager));
        toRead.add(manager.zeros(new Shape()));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The index of the device of a parameter. */
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

  /** The owner of what stays on a device. */
  NDManager manager(int device) {
    return managers.get(device);
  }

  /** The owners of what stays on each device. */
  public List<NDManager> managers() {
    return List.copyOf(managers);
  }

  TensorStore store(int device) {
    return stores.get(device);
  }

  /** Brings a step's arrays to a device. */
  Uploads uploads(int device) {
    return uploads.get(device);
  }

  /** Whether masters are apart from what the model computes with. */
  public boolean mastersOnHost() {
    return placement.mastersOnHost();
  }

  /** The owner of a parameter's master. */
  NDManager ofMaster(String parameter) {
    return mastersOnHost() ? host() : manager(of(parameter));
  }

  /** Moves masters between where they are and files. */
  TensorStore storeOfMaster(String parameter) {
    if (!mastersOnHost()) {
      return store(of(parameter));
    }
    if (hostStore == null) {
      hostStore = new TensorStore(host());
    }
    return hostStore;
  }

  /** The owner of what is on the CPU, wherever the model is. */
  public NDManager host() {
    if (host == null) {
      host = Libtorch.newManager("cpu");
    }
    return host;
  }

  /** Whether they are GPUs. */
  public boolean onGpu() {
    return managers.get(0).getDevice().isGpu();
  }

  /** Returns when all devices have done what they were asked for. */
  public void await() {
    // What is read was there before, but it is read in its turn.
    toRead.forEach(NDArray::getFloat);
  }

  /** A part of a step's owner, for arrays that are made on a device. */
  NDManager scratch(int device, NDManager step) {
    return step.newSubManager(managers.get(device).getDevice());
  }

  @Override
  public void close() {
    stores.forEach(TensorStore::close);
    uploads.forEach(Uploads::close);
    managers.forEach(Libtorch::close);
    if (hostStore != null) {
      hostStore.close();
    }
    if (host != null) {
      Libtorch.close(host);
    }
  }
}
