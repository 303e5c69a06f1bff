package dev.polyphase.orchestrator.bench;

import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.phases.bench.FloorStep;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Compares ways to train: their steps by turns, the median of several; the memory of each in a
 * process of its own.
 *
 * @param setup what they train
 * @param plan what is measured
 * @param childCommand the command that prints the memory of a case
 * @param messages is told how it goes
 */
public record TrainBenchmark(
    TrainSetup setup,
    Plan plan,
    BiFunction<TrainCase, TrainSetup, List<String>> childCommand,
    Consumer<String> messages) {
  private static final int QUARTER = 25;

  /**
   * What is measured.
   *
   * @param cases the ways to train
   * @param floor whether the matrix products of a step are measured, too
   * @param memory whether each case's memory is
   * @param rounds how often each step is measured, after one that does not count
   */
  public record Plan(Set<TrainCase> cases, boolean floor, boolean memory, int rounds) {
    /** Keeps what it is given. */
    public Plan {
      cases = Set.copyOf(cases);
    }
  }

  /** Runs the benchmark. */
  public TrainFigures run() throws IOException, InterruptedException {
    Map<TrainCase, TimedStep> timed = new EnumMap<>(TrainCase.class);
    OptionalDouble floorSeconds;
    try (Floor floor = new Floor(plan.floor() ? floorStep() : null)) {
      for (TrainCase trainCase : TrainCase.values()) {
        if (plan.cases().contains(trainCase)) {
          open(trainCase).ifPresent(step -> timed.put(trainCase, step));
        }
      }
      for (int round = 0; round <= plan.rounds(); round++) {
        floor.run();
        timed.entrySet().removeIf(one -> !runs(one.getKey(), one.getValue()));
        messages.accept("round %d of %d: ".formatted(round, plan.rounds()) + said(floor, timed));
      }
      floorSeconds = floor.medianSeconds();
    } finally {
      timed.values().forEach(TimedStep::close);
    }
    Map<TrainCase, CaseFigures> cases = new EnumMap<>(TrainCase.class);
    if (plan.memory()) {
      messages.accept("measuring memory");
    }
    for (Map.Entry<TrainCase, TimedStep> one : timed.entrySet()) {
      double median = one.getValue().medianSeconds();
      cases.put(
          one.getKey(),
          new CaseFigures(
              median,
              setup.shape().tokens() / median,
              plan.memory() ? memory(one.getKey()) : OptionalLong.empty(),
              one.getKey().flops(setup),
              one.getValue().lastLoss()));
    }
    Set<String> selection = DrawnSelection.weights(setup.shape().matrices().keySet(), QUARTER);
    return new TrainFigures(floorSeconds, cases, selection, DrawnSelection.lowestLayer(selection));
  }

  private TimedStep floorStep() {
    return new TimedStep(new FloorStep(setup.shape(), setup.device(), setup.precision()));
  }

  private Optional<TimedStep> open(TrainCase trainCase) throws IOException {
    Optional<String> whyNot = trainCase.whyNot(setup);
    if (whyNot.isEmpty()) {
      try {
        return Optional.of(new TimedStep(trainCase.open(setup)));
      } catch (TransformersStep.FailedException e) {
        whyNot = Optional.of(String.valueOf(e.getMessage()));
      }
    }
    leaveOut(trainCase, whyNot.get());
    return Optional.empty();
  }

  /** Takes a step; one that fails in transformers is no failure of ours. */
  private boolean runs(TrainCase trainCase, TimedStep step) {
    try {
      step.run();
      return true;
    } catch (TransformersStep.FailedException e) {
      leaveOut(trainCase, String.valueOf(e.getMessage()));
      return false;
    }
  }

  private void leaveOut(TrainCase trainCase, String whyNot) {
    messages.accept("%s is left out: %s".formatted(trainCase.word(), whyNot));
  }

  private static String said(Floor floor, Map<TrainCase, TimedStep> timed) {
    return Stream.concat(
            floor.lastSeconds().stream().mapToObj("floor %.3f s"::formatted),
            timed.entrySet().stream()
                .map(
                    one ->
                        "%s %.3f s".formatted(one.getKey().word(), one.getValue().lastSeconds())))
        .collect(Collectors.joining(", "));
  }

  private OptionalLong memory(TrainCase trainCase) throws IOException, InterruptedException {
    if (!trainCase.inTransformers()) {
      return PeakMemory.ofChild(childCommand.apply(trainCase, setup));
    }
    try {
      return PeakMemory.inTransformers(trainCase, setup);
    } catch (TransformersStep.FailedException e) {
      messages.accept(
          "the memory of %s is not known: %s".formatted(trainCase.word(), e.getMessage()));
      return OptionalLong.empty();
    }
  }

  /**
   * The floor, where it is asked for.
   *
   * @param step null where it is not
   */
  private record Floor(@Nullable TimedStep step) implements AutoCloseable {
    void run() {
      if (step != null) {
        step.run();
      }
    }

    OptionalDouble lastSeconds() {
      return step == null ? OptionalDouble.empty() : OptionalDouble.of(step.lastSeconds());
    }

    OptionalDouble medianSeconds() {
      return step == null ? OptionalDouble.empty() : OptionalDouble.of(step.medianSeconds());
    }

    @Override
    public void close() {
      if (step != null) {
        step.close();
      }
    }
  }
}
