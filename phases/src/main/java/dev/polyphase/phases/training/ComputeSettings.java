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
import java.util.Set;

/**
 * Where and in which precision a model runs.
 *
 * @param devices {@code cpu} or {@code cuda:N}, one for each place
 * @param precision of the frozen weights and the compute
 */
public record ComputeSettings(List<String> devices, Precision precision) {

  /**
   * What a pipeline's {@code device} and {@code dtype} come to on this machine.
   *
   * @throws InputException where the device is not there
   */
  public static ComputeSettings of(Pipeline pipeline) {
    return of(pipeline.devices(), pipeline.dtype());
  }

  boolean onCpu() {
    return devices.contains("cpu");
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
      choice = "device is auto, and " + library.cuda().finding();
    } else {
      choice = "device is auto, and this is the first GPU";
    }
    return new Compute(
        "libtorch " + library.version(),
        String.join(", ", devices),
        precision.name().toLowerCase(Locale.ROOT),
        library.origin() + "; " + choice);
  }

  /**
   * What devices and a dtype come to on this machine.
   *
   * @throws InputException where a device is not there, or several do not go together
   */
  public static ComputeSettings of(List<String> asked, Dtype dtype) {
    if (asked.isEmpty() || (asked.size() > 1 && asked.contains("auto"))) {
      throw new InputException(
          "device: %s names no devices; give auto alone, or a list such as [cuda:0, cuda:1]"
              .formatted(asked));
    }
    List<String> devices = asked.stream().map(ComputeSettings::resolve).toList();
    boolean gpu = !devices.contains("cpu");
    if (!gpu && !Set.of("cpu").containsAll(devices)) {
      throw new InputException("device: %s names GPUs and the CPU; give one kind".formatted(asked));
    }
    Precision precision =
        switch (dtype) {
          case AUTO -> gpu ? Precision.BFLOAT16 : Precision.FLOAT32;
          case FLOAT32 -> Precision.FLOAT32;
          case BFLOAT16 -> Precision.BFLOAT16;
        };
    return new ComputeSettings(devices, precision);
  }

  private static String resolve(String device) {
    try (NDManager probe = Libtorch.newManager(device)) {
      return Libtorch.deviceName(probe);
    }
  }
}
