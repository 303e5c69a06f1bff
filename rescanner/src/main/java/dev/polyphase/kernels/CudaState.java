package dev.polyphase.kernels;

/** What the loaded library can do with the machine's GPUs. */
public enum CudaState {
  /** It was built for the CPU alone. */
  CPU_BUILD(
      "this libtorch is built without CUDA",
      "run polyphase setup cuda, which finds or fetches one with CUDA"),
  /** It was built with CUDA, and CUDA does not work here. */
  NO_GPU(
      "this libtorch is built with CUDA, but CUDA finds no GPU here",
      "look that nvidia-smi lists one, with CUDA 12 or newer, and that CUDA_VISIBLE_DEVICES does"
          + " not hide it"),
  /** CUDA works, but nobody can count its GPUs. */
  NO_RUNTIME(
      "this libtorch can use CUDA, but libcudart, by which GPUs are counted, is not found or too"
          + " new for the driver",
      "add a folder to LD_LIBRARY_PATH that holds libcudart.so, as a link to libcudart.so.12, which"
          + " pip puts into nvidia/cuda_runtime/lib"),
  /** There are GPUs to use. */
  GPUS("this libtorch can use GPUs", "");

  private final String finding;
  private final String remedy;

  CudaState(String finding, String remedy) {
    this.finding = finding;
    this.remedy = remedy;
  }

  /**
   * What it comes to.
   *
   * @param built whether the library was built with CUDA
   * @param works whether the library says that CUDA works
   * @param gpus as many as were counted
   */
  static CudaState of(boolean built, boolean works, int gpus) {
    if (gpus > 0) {
      return GPUS;
    }
    if (works) {
      return NO_RUNTIME;
    }
    return built ? NO_GPU : CPU_BUILD;
  }

  /** This as a sentence without its full stop. */
  public String finding() {
    return finding;
  }

  /** What to do about it; empty where there is nothing to do. */
  public String remedy() {
    return remedy;
  }
}
