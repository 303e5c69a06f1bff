package dev.polyphase.orchestrator.bench;

import static java.util.Objects.requireNonNull;

import dev.polyphase.kernels.Precision;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.FloorStep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Compares ways to train: their steps by turns in this process, the median of several; the memory
 * of each in a process of its own.
 *
 * @param shape of model and batch
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the compute
 * @param rounds how often each step is measured
 * @param folder an empty folder to work in
 * @param childCommand the command that prints the memory of a case
 * @param messages is told how it goes
 */
public record TrainBenchmark(
    DecoderShape shape,
    String device,
    Precision precision,
    int rounds,
    Path folder,
    BiFunction<TrainCase, TrainSetup, List<String>> childCommand,
    Consumer<String> messages) {
  private static final int QUARTER = 25;

  /** Runs the benchmark. */
  public TrainFigures run() throws IOException, InterruptedException {
    TrainSetup setup = TrainSetup.random(shape, device, precision, folder);
    Map<TrainCase, TimedStep> timed = new EnumMap<>(TrainCase.class);
    double floorSeconds;
    try (TimedStep floor = new TimedStep(new FloorStep(shape, device, precision))) {
      for (TrainCase trainCase : TrainCase.values()) {
        Optional<String> whyNot = trainCase.whyNot(shape);
        if (whyNot.isPresent()) {
          messages.accept(
              "%s is left out: %s"
                  .formatted(trainCase.name().toLowerCase(Locale.ROOT), whyNot.get()));
          continue;
        }
        timed.put(trainCase, new TimedStep(trainCase.open(setup)));
      }
      for (int round = 0; round <= rounds; round++) {
        floor.run();
        timed.values().forEach(TimedStep::run);
        double full = requireNonNull(timed.get(TrainCase.FULL)).lastSeconds();
        messages.accept(
            "round %d of %d: floor %.3f s, full %.3f s"
                .formatted(round, rounds, floor.lastSeconds(), full));
      }
      floorSeconds = floor.medianSeconds();
    } finally {
      timed.values().forEach(TimedStep::close);
    }
    messages.accept("measuring memory");
    Map<TrainCase, CaseFigures> cases = new EnumMap<>(TrainCase.class);
    for (Map.Entry<TrainCase, TimedStep> one : timed.entrySet()) {
      double median = one.getValue().medianSeconds();
      cases.put(
          one.getKey(),
          new CaseFigures(
              median,
              shape.tokens() / median,
              PeakMemory.ofChild(childCommand.apply(one.getKey(), setup))));
    }
    Set<String> selection = DrawnSelection.weights(shape.matrices().keySet(), QUARTER);
    return new TrainFigures(floorSeconds, cases, selection, DrawnSelection.lowestLayer(selection));
  }
}
