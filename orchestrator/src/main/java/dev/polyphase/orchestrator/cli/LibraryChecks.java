package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.CudaState;
import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.SelfTest;
import dev.polyphase.orchestrator.engine.Numbers;
import dev.polyphase.orchestrator.machine.CpuFeatures;
import dev.polyphase.orchestrator.machine.Gpu;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Looks at libtorch, and at what it runs on. */
final class LibraryChecks {
  /** The check of what there is to compute on. */
  static final String DEVICES = "devices";

  private final Map<String, String> environment;
  private final List<Check> checks = new ArrayList<>();

  private LibraryChecks(Map<String, String> environment) {
    this.environment = environment;
  }

  /** The library, the devices, the threads, the processor, and whether kernels compute right. */
  static List<Check> all(Map<String, String> environment) throws IOException {
    LibraryChecks looking = new LibraryChecks(environment);
    List<Gpu> gpus = Gpu.all();
    Optional<LoadedLibtorch> library = looking.library();
    library.ifPresent(loaded -> looking.devices(loaded, gpus));
    library.ifPresent(looking::threads);
    looking.processor(CpuFeatures.now());
    library.ifPresent(loaded -> looking.kernels(loaded.gpus() > 0 ? "cuda:0" : "cpu"));
    return looking.checks;
  }

  private Optional<LoadedLibtorch> library() {
    try {
      LoadedLibtorch library = LoadedLibtorch.get();
      String found = library.version() + " in " + library.folder() + "; " + library.origin();
      checks.add(Check.ok("libtorch", found));
      return Optional.of(library);
    } catch (RuntimeException | LinkageError e) {
      checks.add(Check.fail("libtorch", "it can't be loaded: " + firstLine(e), remedy(e)));
      return Optional.empty();
    }
  }

  private String remedy(Throwable failure) {
    if (environment.containsKey("PYTORCH_LIBRARY_PATH")) {
      return "let PYTORCH_LIBRARY_PATH name the lib folder of a libtorch 2.7.1, with PYTORCH_VERSION=2.7.1 and its PYTORCH_FLAVOR (cpu, cu128), or unset it; POLYPHASE_LIBTORCH takes the folder alone";
    }
    if (environment.containsKey("POLYPHASE_LIBTORCH")) {
      return "unset POLYPHASE_LIBTORCH, or set it to cpu, to use Polyphase's own";
    }
    return failure instanceof InputException || failure instanceof UncheckedIOException
        ? "set POLYPHASE_HOME to a folder of yours"
        : "build again with ./mvnw package; the machine needs glibc 2.28 or newer";
  }

  private void devices(LoadedLibtorch library, List<Gpu> gpus) {
    String listed =
        gpus.stream()
            .map(gpu -> gpu.name() + ", " + Numbers.bytes(gpu.totalBytes()))
            .collect(Collectors.joining("; "));
    checks.add(devices(library.gpus(), library.cuda(), listed));
  }

  /**
   * What there is to compute on.
   *
   * @param usable the GPUs that libtorch can use
   * @param cuda why there are as many
   * @param listed the GPUs that the machine has; empty for none
   */
  static Check devices(int usable, CudaState cuda, String listed) {
    if (usable > 0) {
      return Check.ok(DEVICES, "cpu, " + usable + " GPU(s): " + listed);
    }
    if (!listed.isEmpty()) {
      return Check.warn(
          DEVICES, "cpu; the machine has " + listed + ", but " + cuda.finding(), cuda.remedy());
    }
    // A build with CUDA is installed to use GPUs; the other one asks for none.
    return cuda == CudaState.CPU_BUILD
        ? Check.ok(DEVICES, "cpu")
        : Check.warn(DEVICES, "cpu; " + cuda.finding(), cuda.remedy());
  }

  private void threads(LoadedLibtorch library) {
    int cores = Runtime.getRuntime().availableProcessors();
    String found = library.threads() + " of libtorch on " + cores + " cores";
    if (library.threads() > cores) {
      checks.add(
          Check.warn(
              "threads",
              found,
              "set OMP_NUM_THREADS to " + cores + " or less; more get in each other's way"));
    } else if (!environment.getOrDefault("OMP_WAIT_POLICY", "").equalsIgnoreCase("passive")) {
      checks.add(
          Check.warn(
              "threads",
              found + "; those that are idle spin",
              "set OMP_WAIT_POLICY=passive, as the launcher does"));
    } else {
      checks.add(Check.ok("threads", found));
    }
  }

  private void processor(CpuFeatures cpu) {
    String model = cpu.model().isEmpty() ? System.getProperty("os.arch") : cpu.model();
    String features = cpu.present().isEmpty() ? "" : ", " + String.join(" ", cpu.present());
    String hint = cpu.fastBfloat16() ? "; bfloat16 is faster than float32 (dtype: bfloat16)" : "";
    checks.add(Check.ok("processor", model + features + hint));
  }

  private void kernels(String device) {
    // The formats' rounding errors are 6e-8 and 4e-3; CUDA may round float32 to 5e-4 (TF32).
    kernel(device, Precision.FLOAT32, 1e-3);
    kernel(device, Precision.BFLOAT16, 1e-2);
  }

  private void kernel(String device, Precision precision, double most) {
    String name = "kernel in " + precision.name().toLowerCase(Locale.ROOT);
    try {
      double error = SelfTest.productError(device, precision);
      String found =
          String.format(Locale.ROOT, "a matrix product on %s is off by %.1e", device, error);
      checks.add(
          error <= most
              ? Check.ok(name, found)
              : Check.fail(name, found, "this libtorch computes wrong numbers here; use another"));
    } catch (RuntimeException e) {
      checks.add(
          Check.fail(
              name,
              "it does not run on " + device + ": " + firstLine(e),
              "use libtorch 2.7.1, the version that kernels are written for"));
    }
  }

  private static String firstLine(Throwable failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("no reason is given");
  }
}
