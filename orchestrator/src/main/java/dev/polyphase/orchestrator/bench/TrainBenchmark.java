package dev.polyphase.orchestrator.bench;

import dev.polyphase.kernels.Precision;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.FloorStep;
import dev.polyphase.phases.model.RandomModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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
  private static final long SEED = 42;
  private static final int QUARTER = 25;

  /** Runs the benchmark. */
  public TrainFigures run() throws IOException, InterruptedException {
    TrainSetup setup = new TrainSetup(shape, randomModel(), device, precision);
    List<Timed> timed = new ArrayList<>();
    List<Double> floor = new ArrayList<>();
    try (FloorStep floorStep = new FloorStep(shape, device, precision)) {
      for (TrainCase trainCase : TrainCase.values()) {
        timed.add(new Timed(trainCase, trainCase.open(setup), new ArrayList<>()));
      }
      for (int round = 0; round <= rounds; round++) {
        floor.add(seconds(floorStep));
        timed.forEach(one -> one.seconds().add(seconds(one.step())));
        messages.accept(
            "round %d of %d: floor %.3f s, full %.3f s"
                .formatted(round, rounds, last(floor), last(timed.get(0).seconds())));
      }
    } finally {
      timed.forEach(one -> one.step().close());
    }
    messages.accept("measuring memory");
    Map<TrainCase, CaseFigures> cases = new EnumMap<>(TrainCase.class);
    for (Timed one : timed) {
      double median = median(one.seconds());
      cases.put(
          one.trainCase(),
          new CaseFigures(
              median,
              shape.tokens() / median,
              PeakMemory.ofChild(childCommand.apply(one.trainCase(), setup))));
    }
    Set<String> selection = DrawnSelection.modules(shape.layers(), QUARTER);
    return new TrainFigures(median(floor), cases, selection, DrawnSelection.lowestLayer(selection));
  }

  private record Timed(TrainCase trainCase, BenchStep step, List<Double> seconds) {}

  private Path randomModel() throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    // The benchmark has tokens of its own; the folder of a model is not whole without the file.
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    Path config = Files.writeString(folder.resolve("config.json"), shape.config());
    Path outline = Files.createDirectory(folder.resolve("outline"));
    Path model = folder.resolve("model");
    RandomModels models = new RandomModels();
    models.outline(config, tokenizer, outline);
    models.create(outline, model, SEED);
    return model;
  }

  private static double seconds(BenchStep step) {
    long start = System.nanoTime();
    step.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private static double last(List<Double> values) {
    return values.get(values.size() - 1);
  }

  /** Without the first, in which libtorch plans and the system gives the memory. */
  private static double median(List<Double> values) {
    double[] sorted = values.stream().skip(1).mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
