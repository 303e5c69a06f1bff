package dev.polyphase.orchestrator.bench;

import static java.util.Objects.requireNonNull;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Compares ways to train on pairs: their steps by turns in this process, the median of several; the
 * memory of each in a process of its own.
 *
 * @param shape of the model, and of the batch: each row is a prompt with one completion of a pair
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the compute
 * @param rounds how often each step is measured
 * @param folder an empty folder to work in
 * @param childCommand the command that prints the memory of a case
 * @param messages is told how it goes
 */
public record DpoBenchmark(
    DecoderShape shape,
    String device,
    Precision precision,
    int rounds,
    Path folder,
    BiFunction<DpoCase, TrainSetup, List<String>> childCommand,
    Consumer<String> messages) {
  /** What the others' times are compared with. */
  private static final Set<DpoCase> TIMED_ONLY = EnumSet.of(DpoCase.REFERENCE_PASS, DpoCase.PADDED);

  /** Runs the benchmark. */
  public DpoFigures run() throws IOException, InterruptedException {
    TrainSetup setup =
        TrainSetup.random(shape, List.of(device), precision, folder.resolve("model"));
    Map<DpoCase, Double> seconds = new EnumMap<>(DpoCase.class);
    Map<DpoCase, TimedStep> timed = new EnumMap<>(DpoCase.class);
    try {
      for (DpoCase one : DpoCase.values()) {
        timed.put(one, new TimedStep(one.open(setup)));
      }
      for (int round = 0; round <= rounds; round++) {
        timed.values().forEach(TimedStep::run);
        messages.accept(
            "round %d of %d: sft %.3f s, precomputed %.3f s"
                .formatted(
                    round,
                    rounds,
                    requireNonNull(timed.get(DpoCase.SFT)).lastSeconds(),
                    requireNonNull(timed.get(DpoCase.PRECOMPUTED)).lastSeconds()));
      }
      timed.forEach((one, step) -> seconds.put(one, step.medianSeconds()));
    } finally {
      timed.values().forEach(TimedStep::close);
    }
    messages.accept("measuring memory");
    Map<DpoCase, OptionalLong> memoryBytes = new EnumMap<>(DpoCase.class);
    for (DpoCase one : EnumSet.complementOf(EnumSet.copyOf(TIMED_ONLY))) {
      memoryBytes.put(one, PeakMemory.aliveInChild(childCommand.apply(one, setup)));
    }
    return new DpoFigures(setup.shareBytes(DpoCase.SFT.trained(setup)), seconds, memoryBytes);
  }
}
