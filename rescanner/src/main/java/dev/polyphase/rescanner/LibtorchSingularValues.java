package dev.polyphase.rescanner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Singular values by libtorch, each matrix by the decomposition that its shape calls for and by the
 * published method where that could decide otherwise.
 *
 * <p>A decomposition hardly keeps more than one core busy. So while one matrix is decomposed the
 * Gram matrix of the next is made, where memory allows both, each with half of the threads.
 */
public final class LibtorchSingularValues implements TimedDevice {
  /** Elements of a slice that is widened to float64 at a time: 4 MiB of them. */
  static final int SLICE_ELEMENTS = 1 << 19;

  /**
   * Rows of a slice at least: each slice goes through the whole Gram matrix once, which of fewer
   * rows would take longer than the products.
   */
  static final int SLICE_ROWS = 256;

  private final NDManager manager;
  private final TensorStore store;
  private final Kernel products;
  private final Kernel decompositions;
  private final SerialWorker multiplying = new SerialWorker("gram-matrices");
  private final SerialWorker decomposing = new SerialWorker("decompositions");
  private final Map<TensorInfo, Future<float[]>> started = new HashMap<>();
  private final Set<TensorInfo> waiting = new LinkedHashSet<>();
  private final int threads;
  private final @Nullable LibtorchSingularValues lastWord;

  /**
   * On a device.
   *
   * @param device as in {@link Libtorch#newManager}
   */
  public LibtorchSingularValues(String device) {
    this(device, null);
  }

  private LibtorchSingularValues(String device, @Nullable LibtorchSingularValues lastWord) {
    this.lastWord = lastWord;
    this.manager = Libtorch.newManager(device);
    this.threads = Libtorch.threads();
    this.store = new TensorStore(manager);
    this.products = spectrumKernel(manager);
    this.decompositions = spectrumKernel(manager);
  }

  /**
   * On a device beside another: all by Gram matrices, and where rounding could decide otherwise by
   * the other's published method, so that it does not show which of the two computed.
   *
   * @param device as in {@link Libtorch#newManager}
   */
  static LibtorchSingularValues beside(String device, LibtorchSingularValues other) {
    return new LibtorchSingularValues(device, other);
  }

  /** The methods of {@code spectrum.py} on the manager's device. */
  static Kernel spectrumKernel(NDManager manager) {
    return Kernel.load(
        manager,
        LibtorchSingularValues.class,
        "spectrum.py",
        Map.of(
            "device",
            Libtorch.deviceName(manager),
            "sliceElements",
            SLICE_ELEMENTS,
            "sliceRows",
            SLICE_ROWS));
  }

  /**
   * Whether a device is the CPU.
   *
   * @param device as in {@link Libtorch#newManager}
   */
  static boolean isCpu(String device) {
    try (NDManager manager = Libtorch.newManager(device)) {
      return !manager.getDevice().isGpu();
    }
  }

  /**
   * Whether a matrix is always decomposed as the published scanner does it.
   *
   * @param device as in {@link Libtorch#newManager}
   */
  public static boolean isAsPublished(TensorInfo tensor, String device) {
    try (NDManager manager = Libtorch.newManager(device)) {
      String name = Libtorch.deviceName(manager);
      return Decomposition.of(rows(tensor), columns(tensor), name) == Decomposition.SVDVALS;
    }
  }

  /** One NaN where the tensor holds NaN or infinity. */
  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    try {
      return SerialWorker.await(begun(tensor));
    } finally {
      synchronized (started) {
        started.remove(tensor);
        startWaiting();
        if (atWork() == 0) {
          rest();
        }
      }
    }
  }

  /** Leaves threads, or a GPU's memory, to others. */
  private void rest() {
    if (onCpu()) {
      Libtorch.useThreads(threads);
    } else {
      Libtorch.giveBackUnused();
    }
  }

  @Override
  public String spokenName() {
    return onCpu() ? "the CPU" : Libtorch.deviceName(manager);
  }

  private boolean onCpu() {
    return !manager.getDevice().isGpu();
  }

  /** Begins what is needed now, after what would not fit in memory beside it. */
  private Future<float[]> begun(TensorInfo tensor) throws IOException {
    while (true) {
      Future<float[]> other;
      synchronized (started) {
        waiting.remove(tensor);
        if (started.containsKey(tensor) || fitsBesideOthers(tensor)) {
          return started.computeIfAbsent(tensor, this::start);
        }
        other = othersAtWork(tensor).get(0).getValue();
      }
      SerialWorker.await(other);
    }
  }

  @Override
  public void expect(TensorInfo tensor) {
    synchronized (started) {
      if (!started.containsKey(tensor)) {
        waiting.add(tensor);
        startWaiting();
      }
    }
  }

  /** Starts what comes next where no other matrix is at work, or one and both fit in memory. */
  private void startWaiting() {
    Iterator<TensorInfo> next = waiting.iterator();
    while (next.hasNext()) {
      TensorInfo tensor = next.next();
      if (!fitsBesideOthers(tensor)) {
        return;
      }
      next.remove();
      started.computeIfAbsent(tensor, this::start);
    }
  }

  private boolean fitsBesideOthers(TensorInfo tensor) {
    List<Map.Entry<TensorInfo, Future<float[]>>> others = othersAtWork(tensor);
    return others.isEmpty()
        || (others.size() == 1 && WorkingMemory.holdsBoth(others.get(0).getKey(), tensor));
  }

  private List<Map.Entry<TensorInfo, Future<float[]>>> othersAtWork(TensorInfo tensor) {
    return started.entrySet().stream()
        .filter(other -> !other.getKey().equals(tensor) && !other.getValue().isDone())
        .toList();
  }

  private Future<float[]> start(TensorInfo tensor) {
    return switch (decomposition(tensor)) {
      case SVDVALS -> decomposing.submit(() -> withItsThreads(() -> bySvdvals(tensor)));
      case GRAM -> {
        Future<NDArray> product = multiplying.submit(() -> withItsThreads(() -> gram(tensor)));
        yield decomposing.submit(
            () -> withItsThreads(() -> orPublished(tensor, roots(SerialWorker.await(product)))));
      }
    };
  }

  private Decomposition decomposition(TensorInfo tensor) {
    return lastWord == null
        ? Decomposition.of(rows(tensor), columns(tensor), Libtorch.deviceName(manager))
        : Decomposition.GRAM;
  }

  @Override
  public void finishBegun() throws IOException {
    List<Future<float[]>> begun;
    synchronized (started) {
      begun = List.copyOf(started.values());
    }
    for (Future<float[]> values : begun) {
      try {
        SerialWorker.await(values);
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException | RuntimeException e) {
        // It is thrown again to whoever asks for that matrix.
      }
    }
  }

  @Override
  public float[] quickly(TensorInfo tensor) throws IOException {
    return SerialWorker.await(
        decomposing.submit(
            () ->
                withItsThreads(
                    () ->
                        switch (decomposition(tensor)) {
                          case SVDVALS -> bySvdvals(tensor);
                          case GRAM -> byGram(tensor);
                        })));
  }

  @Override
  public float[] settled(TensorInfo tensor, float[] quick) throws IOException {
    return switch (decomposition(tensor)) {
      case SVDVALS -> quick;
      case GRAM ->
          SerialWorker.await(
              decomposing.submit(() -> withItsThreads(() -> orPublished(tensor, quick))));
    };
  }

  /** What was found by a Gram matrix or, where that could decide otherwise, as published. */
  private float[] orPublished(TensorInfo tensor, float[] byGram) throws IOException {
    boolean certain =
        Float.isNaN(byGram[0]) || RoundingMargin.isKept(byGram, rows(tensor), columns(tensor));
    if (certain) {
      return byGram;
    }
    LibtorchSingularValues other = lastWord;
    if (other == null) {
      return bySvdvals(tensor);
    }
    try {
      return SerialWorker.await(
          other.decomposing.submit(() -> other.withItsThreads(() -> other.bySvdvals(tensor))));
    } catch (RuntimeException e) {
      throw new LastWordFailedException(e);
    }
  }

  private <T> T withItsThreads(Callable<T> task) throws Exception {
    shareThreads();
    return task.call();
  }

  private void shareThreads() {
    if (!onCpu()) {
      return;
    }
    synchronized (started) {
      Libtorch.useThreads(atWork() > 1 ? Math.max(1, threads / 2) : threads);
    }
  }

  private long atWork() {
    return started.values().stream().filter(values -> !values.isDone()).count();
  }

  /** As the published scanner computes them. */
  float[] bySvdvals(TensorInfo tensor) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray matrix = store.frozen(scratch, tensor, Precision.FLOAT32);
      return decompositions
          .method("singular_values")
          .toDo("the singular values of " + tensor.name())
          .with(matrix)
          .runForOne(scratch)
          .toFloatArray();
    }
  }

  /** By the eigenvalues of the Gram matrix, whatever rounding may do. */
  float[] byGram(TensorInfo tensor) throws IOException {
    return roots(gram(tensor));
  }

  /** The smaller Gram matrix in float64; the file's pages are let go. */
  private NDArray gram(TensorInfo tensor) throws IOException {
    try (NDArray matrix = store.frozen(manager, tensor, Precision.of(tensor))) {
      return products
          .method("gram")
          .toDo("the Gram matrix of " + tensor.name())
          .with(matrix)
          .runForOne(manager);
    }
  }

  /** The roots of a Gram matrix's eigenvalues, the largest first; the matrix is freed. */
  private float[] roots(NDArray gram) {
    double[] ascending;
    try (gram;
        NDManager scratch = manager.newSubManager()) {
      ascending =
          decompositions.method("eigenvalues").with(gram).runForOne(scratch).toDoubleArray();
    }
    float[] values = new float[ascending.length];
    for (int i = 0; i < values.length; i++) {
      // Rounding makes some of the smallest negative. A NaN stays one.
      values[i] = (float) Math.sqrt(Math.max(0, ascending[values.length - 1 - i]));
    }
    return values;
  }

  static long rows(TensorInfo tensor) {
    return tensor.shape().size() == 1 ? 1 : tensor.shape().get(0);
  }

  static long columns(TensorInfo tensor) {
    return tensor.shape().get(tensor.shape().size() - 1);
  }

  /** What is computed is waited for, since its memory is in use. */
  @Override
  public void close() {
    multiplying.close();
    decomposing.close();
    if (onCpu()) {
      Libtorch.useThreads(threads);
    }
    store.close();
    products.close();
    decompositions.close();
    Libtorch.close(manager);
  }
}
