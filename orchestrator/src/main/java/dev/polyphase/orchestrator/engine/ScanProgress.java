package dev.polyphase.orchestrator.engine;

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
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What a user sees of a scan: matrices and bytes measured, and the time that the rest will take. On
 * a terminal a bar that grows in the last line, elsewhere a line a tenth. A decomposition's work is
 * taken to be its elements times the shorter side.
 */
public final class ScanProgress implements ScanListener {
  private static final int BAR = 24;

  private final Display display;
  private final LongSupplier nanoTime;
  private final TimeLeft timeLeft = new TimeLeft();
  private final int totalMatrices;
  private final long totalBytes;
  private final long totalWork;
  private final Set<String> measured = new HashSet<>();
  private long bytes;
  private long work;

  /**
   * Progress from now on.
   *
   * @param nanoTime a clock as {@link System#nanoTime}
   */
  public ScanProgress(ScanTargets targets, Display display, LongSupplier nanoTime) {
    this.display = display;
    this.nanoTime = nanoTime;
    Collection<TensorInfo> tensors = distinct(targets.targets());
    this.totalMatrices = tensors.size();
    this.totalBytes = tensors.stream().mapToLong(TensorInfo::byteCount).sum();
    this.totalWork = tensors.stream().mapToLong(ScanProgress::work).sum();
    timeLeft.stepped(0, nanoTime.getAsLong());
  }

  @Override
  public void measured(ModuleSpectrum module, int done, int total) {
    TensorInfo tensor = module.target().tensor();
    // A tied head shares the embeddings' tensor, which is measured once.
    if (!measured.add(tensor.name())) {
      return;
    }
    bytes += tensor.byteCount();
    work += work(tensor);
    timeLeft.stepped(work, nanoTime.getAsLong());
    int matrices = measured.size();
    if (display.rewrites() && matrices < totalMatrices) {
      String line = bar() + " " + figures();
      display.status(line.substring(0, Math.min(line.length(), display.width())));
    } else if (matrices == totalMatrices
        || matrices * 10L / totalMatrices > (matrices - 1) * 10L / totalMatrices) {
      display.say("scanned " + figures());
    }
  }

  /** Filled as far as the work is done. */
  private String bar() {
    int filled = totalWork == 0 ? BAR : (int) (BAR * ((double) work / totalWork));
    return "[" + "=".repeat(filled) + " ".repeat(BAR - filled) + "]";
  }

  private String figures() {
    String text =
        String.format(
            Locale.ROOT,
            "%d/%d matrices, %.1f of %.1f MB",
            measured.size(),
            totalMatrices,
            bytes / 1e6,
            totalBytes / 1e6);
    OptionalDouble seconds = timeLeft.seconds(totalWork);
    return measured.size() == totalMatrices || seconds.isEmpty()
        ? text
        : text + ", " + StepLine.duration(seconds.getAsDouble()) + " left";
  }

  private static Collection<TensorInfo> distinct(List<ScanTarget> targets) {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    targets.forEach(target -> tensors.put(target.tensor().name(), target.tensor()));
    return tensors.values();
  }

  /** At least 1, so that time left can be told of it. */
  private static long work(TensorInfo tensor) {
    List<Long> shape = tensor.shape();
    long shorter =
        shape.size() < 2 ? 1 : Math.min(shape.get(shape.size() - 1), shape.get(shape.size() - 2));
    return Math.max(1, tensor.elements() * shorter);
  }
}
