package dev.polyphase.dpo;

import dev.polyphase.data.Pair;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Transformer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Steps on pairs in a process of its own: prints by how much the resident memory rose at most. */
final class MeasuredSteps {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int STEPS = 3;

  private MeasuredSteps() {}

  /** How a step is taken. */
  enum Way {
    /** Without a preference, on the same rows. */
    SFT,
    PRECOMPUTED,
    SHARED,
    SEPARATE
  }

  /**
   * Arguments: the way, the precision, the tensors to train by commas, the folder of a small model
   * that the way is tried with before, the folder of the model.
   */
  public static void main(String[] arguments) throws IOException {
    Way way = Way.valueOf(arguments[0]);
    Precision precision = Precision.valueOf(arguments[1]);
    Set<String> trained = Set.of(arguments[2].split(",", -1));
    take(way, Path.of(arguments[3]), trained, precision);
    long before = kibibytes("VmRSS:");
    take(way, Path.of(arguments[4]), trained, precision);
    System.out.println((kibibytes("VmHWM:") - before) * 1024);
  }

  private static void take(Way way, Path folder, Set<String> trained, Precision precision)
      throws IOException {
    try (Opened opened = open(way, folder, trained, precision)) {
      for (int i = 0; i < STEPS; i++) {
        opened.step().run();
      }
    }
  }

  /**
   * A step and what it is taken with.
   *
   * @param model is closed with the step
   * @param other the second model; null where there is none
   */
  record Opened(BenchStep step, Transformer model, @Nullable Transformer other)
      implements AutoCloseable {
    @Override
    public void close() {
      step.close();
      if (other != null) {
        other.close();
      }
    }
  }

  /** Loads what a way needs. */
  static Opened open(Way way, Path folder, Set<String> trained, Precision precision)
      throws IOException {
    Transformer model = load(folder, trained, precision);
    return switch (way) {
      case SFT -> new Opened(new TransformerStep(model, rows()), model, null);
      case PRECOMPUTED ->
          new Opened(DpoStep.precomputed(model, pairs(), Layout.PADDED), model, null);
      case SHARED -> new Opened(DpoStep.shared(model, pairs(), Layout.PADDED), model, null);
      case SEPARATE -> {
        Transformer other = load(folder, Set.of(), precision);
        yield new Opened(DpoStep.separate(model, other, pairs(), Layout.PADDED), model, other);
      }
    };
  }

  private static Transformer load(Path folder, Set<String> trained, Precision precision)
      throws IOException {
    return TransformerStep.load(
        folder, trained, Adapters.none(), List.of("cpu"), precision, Activations.KEPT);
  }

  private static TokenBatch rows() {
    return TokenBatch.of(
        Stream.concat(
                pairs().stream().map(Pair::chosenRow), pairs().stream().map(Pair::rejectedRow))
            .toList());
  }

  /** Two short pairs, so that weights are most of it. */
  private static List<Pair> pairs() {
    return List.of(
        new Pair(ids(1, 8), ids(20, 8), ids(40, 6)), new Pair(ids(60, 4), ids(80, 5), ids(90, 8)));
  }

  private static int[] ids(int from, int count) {
    return IntStream.range(from, from + count).toArray();
  }

  private static long kibibytes(String key) throws IOException {
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.substring(key.length()).replace("kB", "").strip()))
        .findFirst()
        .orElseThrow();
  }
}
