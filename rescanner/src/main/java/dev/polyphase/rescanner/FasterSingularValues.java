package dev.polyphase.rescanner;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Singular values by the CPU or a GPU, for each shape of matrices by the one that takes less time
 * for it. All begins on the CPU. Once a shape has taken some seconds there, one of its matrices is
 * decomposed on both, and the rest of that shape on the faster. What is scanned in less never
 * touches the GPU.
 *
 * <p>Which one it was does not show in a ratio beyond what {@link RoundingMargin} allows, a tenth
 * of what ratios may differ by: the GPU decomposes Gram matrices in float64, and where rounding
 * could decide otherwise the CPU has the last word. A GPU that fails, as for want of memory, leaves
 * the shape to the CPU; a note says why, and the GPU's failure is suppressed in the CPU's where
 * that fails too.
 */
public final class FasterSingularValues implements SingularValues {
  /** What a shape may take on the CPU before the other device is tried. */
  static final double SECONDS_BEFORE_TRIAL = 5;

  private final TimedDevice cpu;
  private final Supplier<TimedDevice> opening;
  private final LongSupplier nanoTime;
  private final Consumer<String> notes;
  private @Nullable TimedDevice opened;
  private final Map<Shape, Standing> standings = new HashMap<>();

  /** Where what was begun ahead was begun. */
  private final Map<TensorInfo, TimedDevice> begun = new HashMap<>();

  /** Whether both devices are being tried, each of which has to have nothing else to do. */
  private boolean trying;

  /** What was expected during a trial, which is begun after it. */
  private final Set<TensorInfo> expectedMeanwhile = new LinkedHashSet<>();

  /** Matrices that take the same time. */
  private record Shape(long rows, long columns) {
    static Shape of(TensorInfo tensor) {
      return new Shape(LibtorchSingularValues.rows(tensor), LibtorchSingularValues.columns(tensor));
    }

    @Override
    public String toString() {
      return rows + " x " + columns;
    }
  }

  /** What is known of a shape. */
  private static final class Standing {
    private double cpuSeconds;
    private @Nullable TimedDevice chosen;

    /** What is expected while a trial is due, of which the first will be tried. */
    private final Set<TensorInfo> waiting = new LinkedHashSet<>();

    boolean trialIsDue() {
      return chosen == null && cpuSeconds >= SECONDS_BEFORE_TRIAL;
    }
  }

  /**
   * The faster of two devices.
   *
   * @param cpu where all begins; it is closed with this one
   * @param opening opens the other when it is first tried
   * @param nanoTime a clock as {@link System#nanoTime}
   * @param notes is told on the scanning thread what was measured and chosen, a sentence a shape
   */
  FasterSingularValues(
      TimedDevice cpu,
      Supplier<TimedDevice> opening,
      LongSupplier nanoTime,
      Consumer<String> notes) {
    this.cpu = cpu;
    this.opening = opening;
    this.nanoTime = nanoTime;
    this.notes = notes;
  }

  /**
   * Singular values by one device, or by the faster of the CPU and one.
   *
   * @param device as in {@link Libtorch#newManager}
   * @param orCpu whether the CPU may be taken instead, where it is faster
   * @param notes is told on the scanning thread what was measured and chosen, a sentence a shape
   */
  public static SingularValues open(String device, boolean orCpu, Consumer<String> notes) {
    if (!orCpu || LibtorchSingularValues.isCpu(device)) {
      return new LibtorchSingularValues(device);
    }
    LibtorchSingularValues cpu = new LibtorchSingularValues("cpu");
    return new FasterSingularValues(
        cpu, () -> LibtorchSingularValues.beside(device, cpu), System::nanoTime, notes);
  }

  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    Standing standing;
    @Nullable TimedDevice device;
    synchronized (this) {
      standing = standing(tensor);
      device = begun.remove(tensor);
      standing.waiting.remove(tensor);
      if (device == null && !standing.trialIsDue()) {
        device = chosenSoFar(standing);
      }
      trying = device == null;
    }
    if (device == null) {
      try {
        return tried(tensor, standing);
      } finally {
        beginExpectedMeanwhile();
      }
    }
    if (device != cpu) {
      return onOther(device, tensor, standing);
    }
    long start = nanoTime.getAsLong();
    float[] values = cpu.of(tensor);
    synchronized (this) {
      standing.cpuSeconds += secondsSince(start);
    }
    return values;
  }

  @Override
  public synchronized void expect(TensorInfo tensor) {
    Standing standing = standing(tensor);
    if (begun.containsKey(tensor)) {
      return;
    }
    // A matrix to try both devices with is begun by neither.
    if (trying) {
      expectedMeanwhile.add(tensor);
    } else if (standing.trialIsDue()) {
      standing.waiting.add(tensor);
    } else {
      begin(tensor, chosenSoFar(standing));
    }
  }

  private synchronized void beginExpectedMeanwhile() {
    trying = false;
    expectedMeanwhile.forEach(this::expect);
    expectedMeanwhile.clear();
  }

  private void begin(TensorInfo tensor, TimedDevice device) {
    begun.put(tensor, device);
    device.expect(tensor);
  }

  private Standing standing(TensorInfo tensor) {
    return standings.computeIfAbsent(Shape.of(tensor), shape -> new Standing());
  }

  private TimedDevice chosenSoFar(Standing standing) {
    return standing.chosen == null ? cpu : standing.chosen;
  }

  /** Decomposes a matrix on both devices; the CPU's values are taken. */
  private float[] tried(TensorInfo tensor, Standing standing) throws IOException {
    TimedDevice other;
    double seconds;
    try {
      other = other();
      // What it began may wait for the CPU, and either would wait for what it began of other
      // shapes.
      other.finishBegun();
      cpu.finishBegun();
      // Its first matrix pays for what is loaded and set aside once.
      other.quickly(tensor);
      long start = nanoTime.getAsLong();
      other.quickly(tensor);
      seconds = secondsSince(start);
    } catch (RuntimeException e) {
      return onCpuAfter(e, tensor, standing);
    }
    long start = nanoTime.getAsLong();
    float[] quick = cpu.quickly(tensor);
    double cpuSeconds = secondsSince(start);
    float[] values = cpu.settled(tensor, quick);
    TimedDevice faster = seconds < cpuSeconds ? other : cpu;
    choose(standing, faster);
    notes.accept(
        String.format(
            Locale.ROOT,
            "a matrix of %s takes %.2f s on %s and %.2f s on %s: the rest of that shape is scanned"
                + " on %s",
            Shape.of(tensor),
            cpuSeconds,
            cpu.spokenName(),
            seconds,
            other.spokenName(),
            faster.spokenName()));
    return values;
  }

  private float[] onOther(TimedDevice other, TensorInfo tensor, Standing standing)
      throws IOException {
    try {
      return other.of(tensor);
    } catch (LastWordFailedException e) {
      throw e.failure();
    } catch (RuntimeException e) {
      return onCpuAfter(e, tensor, standing);
    }
  }

  private float[] onCpuAfter(RuntimeException failure, TensorInfo tensor, Standing standing)
      throws IOException {
    leaveToCpu(tensor, standing, failure);
    try {
      return cpu.of(tensor);
    } catch (IOException | RuntimeException e) {
      e.addSuppressed(failure);
      throw e;
    }
  }

  private void leaveToCpu(TensorInfo tensor, Standing standing, RuntimeException failure) {
    boolean known = standing.chosen == cpu;
    choose(standing, cpu);
    if (!known) {
      notes.accept(
          "matrices of %s are scanned on %s: %s"
              .formatted(Shape.of(tensor), cpu.spokenName(), why(failure)));
    }
  }

  /**
   * Why, and what to do about it. The failure ends here: what the library says is said here too.
   */
  private static String why(RuntimeException failure) {
    if (failure instanceof InputException) {
      return String.valueOf(failure.getMessage());
    }
    return "%s (%s); 'polyphase scan --device cpu' leaves the GPU out"
        .formatted(whatFailed(failure), librarysWords(failure));
  }

  private static String whatFailed(RuntimeException failure) {
    if (Libtorch.ranOutOfMemory(failure)) {
      return "too little memory is free for the GPU's part";
    }
    // Its second half sends people to --debug, which shows nothing of what is not thrown on.
    return failure instanceof OperationFailedException
        ? String.valueOf(failure.getMessage()).split("; ", 2)[0]
        : "the GPU failed at something that should not fail";
  }

  /** The line of the first cause's message that says what happened, or else its type. */
  private static String librarysWords(RuntimeException failure) {
    Throwable first = failure;
    for (Throwable next = failure; next != null; next = next.getCause()) {
      first = next;
    }
    List<String> lines =
        Objects.requireNonNullElse(first.getMessage(), "")
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    // Of a failure within a kernel it says first where that was.
    return lines.stream()
        .filter(line -> line.startsWith("RuntimeError: "))
        .findFirst()
        .or(() -> lines.stream().findFirst())
        .orElse(first.getClass().getSimpleName());
  }

  private synchronized void choose(Standing standing, TimedDevice device) {
    standing.chosen = device;
    standing.waiting.forEach(tensor -> begin(tensor, device));
    standing.waiting.clear();
  }

  private TimedDevice other() {
    @Nullable TimedDevice there = opened;
    if (there == null) {
      there = opening.get();
      opened = there;
    }
    return there;
  }

  private double secondsSince(long startNanos) {
    return (nanoTime.getAsLong() - startNanos) / 1e9;
  }

  @Override
  public void close() {
    // What it computes may wait for the CPU.
    if (opened != null) {
      opened.close();
    }
    cpu.close();
  }
}
