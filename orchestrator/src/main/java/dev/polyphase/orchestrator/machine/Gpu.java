package dev.polyphase.orchestrator.machine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A GPU of the machine, whether libtorch can use it or not. libtorch may number them otherwise:
 * what is free of {@code cuda:N} is in {@link GpuMemory}.
 *
 * @param name its name
 * @param totalBytes all its memory
 */
public record Gpu(String name, long totalBytes) {
  private static final long MEBIBYTE = 1 << 20;
  private static final Duration TO_ANSWER = Duration.ofSeconds(20);

  /** The machine's GPUs, as {@code nvidia-smi} lists them; none where it is not there. */
  public static List<Gpu> all() {
    return all(
        TO_ANSWER,
        NvidiaSmi.PROGRAM,
        "--query-gpu=memory.total,name",
        "--format=csv,noheader,nounits");
  }

  /** The GPUs that a command lists; none where it fails or does not answer in time. */
  static List<Gpu> all(Duration toAnswer, String... command) {
    return of(NvidiaSmi.output(toAnswer, command));
  }

  /** Lines such as {@code 81559, NVIDIA H100}, in MiB; others are passed over. */
  static List<Gpu> of(String listed) {
    List<Gpu> gpus = new ArrayList<>();
    for (String line : listed.lines().toList()) {
      String[] fields = line.split(",", 2);
      if (fields.length == 2 && fields[0].strip().matches("\\d{1,12}")) {
        gpus.add(new Gpu(fields[1].strip(), Long.parseLong(fields[0].strip()) * MEBIBYTE));
      }
    }
    return gpus;
  }
}
