package dev.polyphase.kernels;

import com.sun.jna.NativeLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** NVIDIA's driver, as far as it can be told without CUDA. */
public final class CudaDriver {
  /** What the driver makes on Linux, and on Linux in Windows. */
  private static final List<Path> DEVICES = List.of(Path.of("/dev/nvidiactl"), Path.of("/dev/dxg"));

  private CudaDriver() {}

  /** Whether the machine has a GPU with a driver, whether programs can use it or not. */
  public static boolean present() {
    return DEVICES.stream().anyMatch(Files::exists);
  }

  /**
   * Whether the driver's own library can be loaded. Containers have one only where they were
   * started with the GPU; machines without a driver have none.
   */
  static boolean loads() {
    try {
      NativeLibrary.getInstance("libcuda.so.1");
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }
}
