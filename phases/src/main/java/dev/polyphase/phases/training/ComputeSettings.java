package dev.polyphase.phases.training;

import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import java.util.List;
import java.util.Locale;

/**
 * Where and in which precision a model runs.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the frozen weights and the compute
 */
public record ComputeSettings(String device, Precision precision) {

  /**
   * What a pipeline's {@code device} and {@code dtype} come to on this machine.
   *
   * @throws InputException where the device is not there
   */
  public static ComputeSettings of(Pipeline pipeline) {
    return of(pipeline.devices(), pipeline.dtype());
  }

  boolean onCpu() {
    return device.equals("cpu");
  }

  /**
   * This in words.
   *
   * @param asked the pipeline's {@code device}
   */
  Compute describe(List<String> asked) {
    LoadedLibtorch library = LoadedLibtorch.get();
    String choice;
    if (!asked.contains("auto")) {
      choice = "device says " + String.join(", ", asked);
    } else if (onCpu()) {
      choice = "device is auto, and this libtorch sees no GPU";
    } else {
      choice = "device is auto, and this is the first GPU";
    }
    return new Compute(
        "libtorch " + library.version(),
        device,
        precision.name().toLowerCase(Locale.ROOT),
        library.origin() + "; " + choice);
  }

  /** What devices and a dtype come to on this machine. */
  public static ComputeSettings of(List<String> devices, Dtype dtype) {
    if (devices.size() != 1) {
      throw new InputException(
          "device: %s names several, and training on several devices is not built yet; name one"
              .formatted(devices));
    }
    try (NDManager probe = Libtorch.newManager(devices.get(0))) {
      boolean gpu = probe.getDevice().isGpu();
      Precision precision =
          switch (dtype) {
            case AUTO -> gpu ? Precision.BFLOAT16 : Precision.FLOAT32;
            case FLOAT32 -> Precision.FLOAT32;
            case BFLOAT16 -> Precision.BFLOAT16;
          };
      return new ComputeSettings(Libtorch.deviceName(probe), precision);
    }
  }
}
