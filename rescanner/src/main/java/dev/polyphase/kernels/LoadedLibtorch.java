package dev.polyphase.kernels;

import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import ai.djl.util.Utils;
import java.nio.file.Path;

/**
 * The native library that this process uses.
 *
 * @param version as {@code 2.7.1}
 * @param folder where it was loaded from
 * @param origin why from there, in words
 * @param gpus the GPUs that it can use
 * @param cuda why there are as many
 * @param threads the threads that one operation is spread over
 */
public record LoadedLibtorch(
    String version, Path folder, String origin, int gpus, CudaState cuda, int threads) {
  /** Loads the library on first use. */
  public static LoadedLibtorch get() {
    Libtorch.prepareThread();
    return new LoadedLibtorch(
        LibUtils.getVersion(),
        DjlSettings.chosen().orElse(Path.of(LibUtils.getLibtorchPath())),
        DjlSettings.origin(),
        Libtorch.gpus(),
        Libtorch.cuda(),
        JniUtils.getNumThreads());
  }

  /** Where the library's own files and those of its engine are unpacked. */
  public static Path cacheFolder() {
    return Utils.getCacheDir();
  }
}
