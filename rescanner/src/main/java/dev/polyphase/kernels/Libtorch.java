package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.util.cuda.CudaUtils;
import dev.polyphase.pipelines.problems.InputException;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The native library: started on first use, without network and without telemetry. */
public final class Libtorch {
  private static final ThreadLocal<Boolean> PREPARED = ThreadLocal.withInitial(() -> false);

  /** Of its allocators on the CPU and on CUDA, of CUDA itself, cuBLAS, mapped files and C++. */
  private static final List<String> OUT_OF_MEMORY =
      List.of(
          "DefaultCPUAllocator: can't allocate memory",
          "DefaultCPUAllocator: not enough memory",
          "CUDA out of memory",
          "CUDA error: out of memory",
          "CUBLAS_STATUS_ALLOC_FAILED",
          "Cannot allocate memory",
          "std::bad_alloc");

  /** The compute capability of the A100, as {@link CudaUtils} writes it. */
  private static final int AMPERE = 80;

  private static volatile @Nullable Engine engine;

  private Libtorch() {}

  /**
   * A new manager of arrays on a device.
   *
   * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}; {@code auto} is the
   *     first GPU that libtorch can use, else the CPU
   * @throws InputException where the device is none of these or is not there
   */
  public static NDManager newManager(String device) {
    prepareThread();
    return NDManager.newBaseManager(resolve(device), "PyTorch");
  }

  /**
   * Closes a manager of {@link #newManager} and all that it owns, and gives its memory back: it
   * would be kept for arrays to come, and whoever asks what is free would not know.
   */
  public static void close(NDManager manager) {
    boolean onGpu = manager.getDevice().isGpu();
    manager.close();
    if (onGpu) {
      JniUtils.emptyCudaCache();
    } else {
      NativeHeap.giveBack();
    }
  }

  /** Gives GPUs and the system back what is kept of their memory for arrays to come. */
  public static void giveBackUnused() {
    prepareThread();
    JniUtils.emptyCudaCache();
    NativeHeap.giveBack();
  }

  /**
   * What all processes use of a GPU's memory, and how much there is.
   *
   * @param device as in {@link #newManager}: the numbers are CUDA's, which leaves out what {@code
   *     CUDA_VISIBLE_DEVICES} hides and orders the rest in its own way
   * @return empty for the CPU, and where CUDA does not tell
   */
  public static Optional<MemoryUsage> gpuMemory(String device) {
    prepareThread();
    Device gpu = resolve(device);
    if (!gpu.isGpu()) {
      return Optional.empty();
    }
    try {
      return Optional.of(CudaUtils.getGpuMemory(gpu));
    } catch (EngineException e) {
      return Optional.empty();
    }
  }

  /** The device's name as kernels and settings spell it: {@code cpu} or {@code cuda:N}. */
  public static String deviceName(NDManager manager) {
    Device device = manager.getDevice();
    return device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
  }

  /** Whether the manager's device has flash attention: NVIDIA's GPUs have it from the A100 on. */
  public static boolean hasFlashAttention(NDManager manager) {
    Device device = manager.getDevice();
    return device.isGpu()
        && Integer.parseInt(CudaUtils.getComputeCapability(device.getDeviceId())) >= AMPERE;
  }

  /** How many threads the CPU's kernels use. */
  public static int threads() {
    prepareThread();
    return JniUtils.getNumThreads();
  }

  /**
   * Sets how many threads the CPU's kernels use: those that this thread runs, and of every thread
   * those that run in MKL, which has one number for all.
   */
  public static void useThreads(int threads) {
    prepareThread();
    JniUtils.setNumThreads(threads);
  }

  /** Whether a call failed because there was no memory for its result. */
  public static boolean ranOutOfMemory(RuntimeException failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof EngineException && OUT_OF_MEMORY.stream().anyMatch(message::contains);
  }

  /** How many GPUs the library can use. */
  static int gpus() {
    return engine().getGpuCount();
  }

  /** What the library can do with GPUs. */
  static CudaState cuda() {
    int gpus = gpus();
    Path library = Path.of(LibUtils.getLibtorchPath(), System.mapLibraryName("torch_cuda"));
    return CudaState.of(
        Files.exists(library), JniUtils.getFeatures().contains(StandardCapabilities.CUDA), gpus);
  }

  /**
   * Makes sure that the library is loaded and that this thread runs kernels by the plain executor.
   */
  static void prepareThread() {
    if (!PREPARED.get()) {
      engine();
      // The optimising executor specialises on shapes: it costs seconds and does not keep autograd.
      JniUtils.setGraphExecutorOptimize(false);
      PREPARED.set(true);
    }
  }

  private static Engine engine() {
    @Nullable Engine known = engine;
    if (known == null) {
      known = NativeFolder.load(NativeFolder.LIBTORCH, () -> Engine.getEngine("PyTorch"));
      engine = known;
    }
    return known;
  }

  private static Device resolve(String device) {
    if (device.equals("cpu")) {
      return Device.cpu();
    }
    int gpus = engine().getGpuCount();
    if (device.equals("auto")) {
      return gpus > 0 ? Device.gpu(0) : Device.cpu();
    }
    if (!device.matches("cuda(:\\d{1,3})?")) {
      throw new InputException(
          "device '" + device + "' is unknown: give auto, cpu, cuda or cuda:N");
    }
    int index = device.equals("cuda") ? 0 : Integer.parseInt(device.substring("cuda:".length()));
    if (gpus == 0) {
      CudaState cuda = cuda();
      throw new InputException(
          "device '%s' is not there: %s; choose cpu, or %s"
              .formatted(device, cuda.finding(), cuda.remedy()));
    }
    if (index >= gpus) {
      throw new InputException(
          "device '%s' is not there: libtorch sees %d GPU(s); the last is cuda:%d"
              .formatted(device, gpus, gpus - 1));
    }
    return Device.gpu(index);
  }
}
