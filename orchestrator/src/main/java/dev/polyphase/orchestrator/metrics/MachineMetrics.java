package dev.polyphase.orchestrator.metrics;

import dev.polyphase.orchestrator.machine.GpuLoad;
import dev.polyphase.weights.DiskSpace;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The metrics of the process and of the machine that it is on. */
final class MachineMetrics implements AutoCloseable {
  /** Asking the driver takes a process, which takes up to a second. */
  private static final long ASK_EVERY_NANOS = 5_000_000_000L;

  private final MeterRegistry registry;
  private final Supplier<List<GpuLoad>> gpus;
  private final LongSupplier nanoTime;
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final Map<Path, Disk> disks = new HashMap<>();
  private final List<Meter> ofGpus = new ArrayList<>();

  /** What the meters of GPUs show: they do not keep it themselves. */
  private final List<Cell> gpuCells = new ArrayList<>();

  private long askedNanos;

  private record Disk(Path folder, Cell free, Cell total) {
    void look() {
      try {
        FileStore store = Files.getFileStore(DiskSpace.nearest(folder));
        free.set((double) store.getUsableSpace());
        total.set((double) store.getTotalSpace());
      } catch (IOException e) {
        // A share that does not answer: what is not known is no number.
        free.set(Double.NaN);
        total.set(Double.NaN);
      }
    }
  }

  MachineMetrics(MeterRegistry registry, Supplier<List<GpuLoad>> gpus, LongSupplier nanoTime) {
    this.registry = registry;
    this.gpus = gpus;
    this.nanoTime = nanoTime;
    this.askedNanos = nanoTime.getAsLong() - ASK_EVERY_NANOS;
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    collections.bindTo(registry);
  }

  /** Looks at the disk of a folder, which need not exist. */
  synchronized void disk(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (!disks.containsKey(absolute)) {
      Disk disk = new Disk(absolute, new Cell(), new Cell());
      List<String> labels = List.of(absolute.toString());
      Metric.DISK_FREE.register(registry, labels, disk.free);
      Metric.DISK_TOTAL.register(registry, labels, disk.total);
      disks.put(absolute, disk);
    }
  }

  /** Looks anew at what does not tell by itself. */
  synchronized void look() {
    disks.values().forEach(Disk::look);
    long now = nanoTime.getAsLong();
    if (now - askedNanos >= ASK_EVERY_NANOS) {
      askedNanos = now;
      ofGpus.forEach(registry::remove);
      ofGpus.clear();
      gpuCells.clear();
      gpus.get().forEach(this::show);
    }
  }

  private void show(GpuLoad gpu) {
    show(Metric.GPU_MEMORY_USED, gpu, (double) gpu.usedBytes());
    show(Metric.GPU_MEMORY_TOTAL, gpu, (double) gpu.totalBytes());
    gpu.utilization().ifPresent(share -> show(Metric.GPU_UTILIZATION, gpu, share));
  }

  private void show(Metric metric, GpuLoad gpu, double value) {
    Cell cell = new Cell();
    cell.set(value);
    gpuCells.add(cell);
    ofGpus.add(metric.register(registry, List.of(Integer.toString(gpu.index())), cell));
  }

  @Override
  public void close() {
    collections.close();
  }
}
