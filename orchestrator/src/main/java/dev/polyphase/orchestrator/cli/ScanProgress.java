package dev.polyphase.orchestrator.cli;

import dev.polyphase.rescanner.ModuleSpectrum;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.weights.TensorInfo;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A scan's progress, a line a module: modules and bytes measured, and the time that the rest will
 * take. A decomposition's work is taken to be its elements times the shorter side.
 */
final class ScanProgress implements ScanListener {
  private final Consumer<String> lines;
  private final LongSupplier nanoTime;
  private final long startNanos;
  private final long totalBytes;
  private final double totalWork;
  private final Set<String> measured = new HashSet<>();
  private long bytes;
  private double work;

  /**
   * Progress from now on.
   *
   * @param lines takes each line
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  ScanProgress(ScanTargets targets, Consumer<String> lines, LongSupplier nanoTime) {
    this.lines = lines;
    this.nanoTime = nanoTime;
    this.startNanos = nanoTime.getAsLong();
    Collection<TensorInfo> tensors = distinct(targets.targets());
    this.totalBytes = tensors.stream().mapToLong(TensorInfo::byteCount).sum();
    this.totalWork = tensors.stream().mapToDouble(ScanProgress::work).sum();
  }

  @Override
  public void measured(ModuleSpectrum module, int done, int total) {
    TensorInfo tensor = module.target().tensor();
    // A tied head shares the embeddings' tensor, which is measured once.
    if (measured.add(tensor.name())) {
      bytes += tensor.byteCount();
      work += work(tensor);
    }
    double seconds = (nanoTime.getAsLong() - startNanos) / 1e9;
    long left = work == 0 ? 0 : Math.round(seconds * (totalWork - work) / work);
    lines.accept(
        String.format(
            Locale.ROOT,
            "scanned %d/%d modules, %.1f of %.1f MB, %d:%02d left: %s",
            done,
            total,
            bytes / 1e6,
            totalBytes / 1e6,
            left / 60,
            left % 60,
            module.target().module().text()));
  }

  private static Collection<TensorInfo> distinct(List<ScanTarget> targets) {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    targets.forEach(target -> tensors.put(target.tensor().name(), target.tensor()));
    return tensors.values();
  }

  private static double work(TensorInfo tensor) {
    List<Long> shape = tensor.shape();
    long shorter =
        shape.size() < 2 ? 1 : Math.min(shape.get(shape.size() - 1), shape.get(shape.size() - 2));
    return (double) tensor.elements() * shorter;
  }
}
