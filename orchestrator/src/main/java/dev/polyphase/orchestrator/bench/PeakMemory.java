package dev.polyphase.orchestrator.bench;

import dev.polyphase.kernels.LauncherSettings;
import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.ResidentMemory;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.FloorStep;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeSet;

/** The most memory that something takes, in a process of its own. */
public final class PeakMemory {
  private static final int STEPS = 4;

  /** From this size on glibc gives what is freed back at once. */
  private static final String GIVEN_BACK_BYTES = "131072";

  private PeakMemory() {}

  /**
   * Measures in another process.
   *
   * @param command the program and the arguments that make it call {@link #scanHere} or {@link
   *     #trainHere} and print the result
   * @return what it printed, in bytes; empty where the system does not tell
   */
  static OptionalLong ofChild(List<String> command) throws IOException, InterruptedException {
    return of(new ProcessBuilder(command));
  }

  /**
   * The same, but the process gives back what it frees, so that the peak is of what is alive: two
   * ways that differ by little are told apart.
   */
  static OptionalLong aliveInChild(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder child = new ProcessBuilder(command);
    LauncherSettings.leaveOut(child.environment());
    child.environment().put("MALLOC_MMAP_THRESHOLD_", GIVEN_BACK_BYTES);
    return of(child);
  }

  private static OptionalLong of(ProcessBuilder command) throws IOException, InterruptedException {
    BoundProcess bound = BoundProcess.start(command.redirectError(ProcessBuilder.Redirect.INHERIT));
    Process child = bound.process();
    String printed;
    int code;
    try {
      printed = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      code = child.waitFor();
    } finally {
      bound.release();
    }
    if (code != 0) {
      throw new OperationFailedException("the process that measures memory ended with " + code);
    }
    return printed.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(printed));
  }

  /**
   * Scans in this process, which did nothing before.
   *
   * @return the peak of its resident memory in bytes; empty where the system does not tell
   */
  public static OptionalLong scanHere(
      ScanMethod method, Checkpoint checkpoint, String device, Path cache) throws IOException {
    try (SingularValues values = method.open(checkpoint, device, cache, note -> {})) {
      TimedScans.scanUntimed(checkpoint, values);
    }
    return ResidentMemory.peak();
  }

  /**
   * Takes training steps in this process, which did nothing before.
   *
   * @return the peak of its resident memory, or on a GPU of the device's memory that is in use,
   *     beyond what that was before and beyond {@link TrainSetup#weightBytes}; empty where the
   *     system does not tell
   */
  public static OptionalLong trainHere(StepCase stepCase, TrainSetup setup) throws IOException {
    // Loads the library, so that it is not counted.
    DecoderShape tiny = KnownShapes.named("tiny", OptionalInt.of(1), 8, 1).orElseThrow();
    new FloorStep(tiny, setup.device(), setup.precision()).close();
    boolean onGpu = !setup.device().equals("cpu");
    OptionalLong before = onGpu ? usedOf(setup.devices()) : ResidentMemory.now();
    OptionalLong peak;
    try (BenchStep step = stepCase.open(setup)) {
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      // libtorch keeps what it ever had of a GPU as long as the model is open.
      peak = onGpu ? usedOf(setup.devices()) : ResidentMemory.peak();
    }
    long weights = setup.weightBytes(stepCase.trained(setup));
    return before.isPresent() && peak.isPresent()
        ? OptionalLong.of(peak.getAsLong() - before.getAsLong() - weights)
        : OptionalLong.empty();
  }

  /**
   * The same of steps in transformers, which take a process of their own anyway. As many bytes are
   * subtracted as of ours: what frozen weights take more, in float32, is part of the result.
   */
  static OptionalLong inTransformers(TrainCase trainCase, TrainSetup setup) throws IOException {
    try (TransformersStep step = (TransformersStep) trainCase.open(setup)) {
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      OptionalLong rise = step.memoryBytes();
      return rise.isPresent()
          ? OptionalLong.of(rise.getAsLong() - setup.weightBytes(trainCase.trained(setup)))
          : rise;
    }
  }

  /** Of all GPUs among them; empty where one does not tell. */
  private static OptionalLong usedOf(List<String> gpus) {
    long sum = 0;
    for (String gpu : new TreeSet<>(gpus)) {
      Optional<GpuMemory> memory = GpuMemory.of(gpu);
      if (memory.isEmpty()) {
        return OptionalLong.empty();
      }
      sum += memory.get().usedBytes();
    }
    return OptionalLong.of(sum);
  }
}
