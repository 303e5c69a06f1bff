package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.rescanner.LibtorchSingularValues;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Compares our scan with the published scanner's method: in the same process, by turns, each method
 * several times. Of each the fastest scan counts, the one that other programs disturbed least.
 *
 * @param like the name of the model that the weights are like
 * @param shape the shapes of the weights
 * @param device the device, as in a pipeline
 * @param folder an empty folder to work in
 * @param childCommand the command that prints the peak memory of a method on a checkpoint's folder
 * @param messages is told how it goes
 */
public record ScanBenchmark(
    String like,
    DecoderShape shape,
    String device,
    Path folder,
    BiFunction<ScanMethod, Path, List<String>> childCommand,
    Consumer<String> messages) {
  private static final int ROUNDS = 3;
  private static final double CHANGED_PERCENT = 25;
  private static final List<Double> PERCENTS = List.of(15.0, 20.0, 25.0, 50.0);

  /** Runs the benchmark. */
  public ScanFigures run() throws IOException, InterruptedException {
    messages.accept("making %d layers like %s".formatted(shape.layers(), like));
    Checkpoint base = SyntheticCheckpoint.write(folder.resolve("base"), shape, Set.of());
    sayWhatBoundsTheGain(base);
    TimedScans ofReference = new TimedScans();
    TimedScans ofFull = new TimedScans();
    TimedScans ofRescan = new TimedScans();
    List<ModuleSnr> full = List.of();
    List<ModuleSnr> rescanned = List.of();
    List<ModuleSnr> reference;
    List<ModuleSnr> changedReference;
    try (SingularValues whole = open(ScanMethod.REFERENCE, base, "none")) {
      warmUp(base, whole);
      reference = ofReference.scan(base, whole);
      Checkpoint changed = changed(reference);
      try (SingularValues wholeChanged = open(ScanMethod.REFERENCE, changed, "none")) {
        changedReference = TimedScans.scanUntimed(changed, wholeChanged);
      }
      for (int round = 1; round <= ROUNDS; round++) {
        try (SingularValues ours = open(ScanMethod.OURS, base, "cache-" + round)) {
          full = ofFull.scan(base, ours);
          rescanned = ofRescan.scan(changed, ours);
        }
        ofReference.scan(base, whole);
        messages.accept(
            "after %d of %d rounds: reference %.2f s, full %.2f s, rescan %.2f s"
                .formatted(
                    round, ROUNDS, ofReference.seconds(), ofFull.seconds(), ofRescan.seconds()));
      }
    }
    messages.accept("measuring memory");
    return new ScanFigures(
        ofFull.seconds(),
        ofReference.seconds(),
        ofRescan.seconds(),
        Math.max(difference(full, reference), difference(rescanned, changedReference)),
        agree(full, reference) && agree(rescanned, changedReference),
        PeakMemory.ofChild(childCommand.apply(ScanMethod.OURS, base.folder())),
        PeakMemory.ofChild(childCommand.apply(ScanMethod.REFERENCE, base.folder())),
        base.tensors().stream().mapToLong(TensorInfo::byteCount).sum());
  }

  private void sayWhatBoundsTheGain(Checkpoint base) {
    String ours = device.equals("auto") ? "cpu" : device;
    long alike =
        base.tensors().stream()
            .filter(tensor -> LibtorchSingularValues.isAsPublished(tensor, ours))
            .count();
    if (alike > 0) {
      messages.accept(
          ("%d of %d matrices go through svdvals in both methods and bound what can be gained:"
                  + " large squares, whose Gram matrix in float64 would take as long and twice the"
                  + " memory, and all on a GPU")
              .formatted(alike, base.tensors().size()));
    }
  }

  private SingularValues open(ScanMethod method, Checkpoint checkpoint, String cache)
      throws IOException {
    return method.open(checkpoint, device, folder.resolve(cache), messages);
  }

  /** libtorch loads and plans on first use; one layer has every shape. */
  private void warmUp(Checkpoint base, SingularValues whole) throws IOException {
    try (SingularValues ours = open(ScanMethod.OURS, base, "warm-up")) {
      for (TensorInfo tensor : base.tensors()) {
        if (tensor.name().startsWith("model.layers.0.")) {
          ours.of(tensor);
          whole.of(tensor);
        }
      }
    }
  }

  /** What a phase would leave that trains the best quarter of each type. */
  private Checkpoint changed(List<ModuleSnr> snrs) throws IOException {
    Set<String> trained =
        Selection.of(snrs, CHANGED_PERCENT).modules().stream()
            .map(module -> module + ".weight")
            .collect(Collectors.toSet());
    return SyntheticCheckpoint.write(folder.resolve("changed"), shape, trained);
  }

  private static double difference(List<ModuleSnr> ours, List<ModuleSnr> reference) {
    double largest = 0;
    for (int i = 0; i < reference.size(); i++) {
      double expected = reference.get(i).snr();
      largest = Math.max(largest, Math.abs(ours.get(i).snr() / expected - 1));
    }
    return largest;
  }

  private static boolean agree(List<ModuleSnr> ours, List<ModuleSnr> reference) {
    List<Boolean> same = new ArrayList<>();
    for (double percent : PERCENTS) {
      same.add(
          Selection.of(ours, percent).modules().equals(Selection.of(reference, percent).modules()));
    }
    return !same.contains(false);
  }
}
