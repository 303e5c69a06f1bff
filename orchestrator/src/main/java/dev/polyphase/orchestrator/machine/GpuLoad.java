package dev.polyphase.orchestrator.machine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a GPU is doing, for all processes.
 *
 * @param index the number that {@code nvidia-smi} gives it
 * @param usedBytes its memory that is used
 * @param totalBytes all its memory
 * @param utilization the share of time in which it computed something; empty where the driver does
 *     not say, as of one that is partitioned
 */
public record GpuLoad(int index, long usedBytes, long totalBytes, OptionalDouble utilization) {
  private static final long MEBIBYTE = 1 << 20;
  private static final Duration TO_ANSWER = Duration.ofSeconds(2);

  /** That of the machine's GPUs; none where {@code nvidia-smi} is not there or does not answer. */
  public static List<GpuLoad> all() {
    return of(
        NvidiaSmi.output(
            TO_ANSWER,
            NvidiaSmi.PROGRAM,
            "--query-gpu=index,memory.used,memory.total,utilization.gpu",
            "--format=csv,noheader,nounits"));
  }

  /** Lines such as {@code 0, 1024, 81559, 93}, in MiB and per cent; others are passed over. */
  static List<GpuLoad> of(String listed) {
    List<GpuLoad> gpus = new ArrayList<>();
    for (String line : listed.lines().toList()) {
      String[] fields = line.strip().split("\\s*,\\s*", -1);
      if (fields.length == 4 && isNumber(fields[0]) && isNumber(fields[1]) && isNumber(fields[2])) {
        gpus.add(
            new GpuLoad(
                Integer.parseInt(fields[0]),
                Long.parseLong(fields[1]) * MEBIBYTE,
                Long.parseLong(fields[2]) * MEBIBYTE,
                isNumber(fields[3])
                    ? OptionalDouble.of(Long.parseLong(fields[3]) / 100.0)
                    : OptionalDouble.empty()));
      }
    }
    return gpus;
  }

  private static boolean isNumber(String field) {
    return field.matches("\\d{1,9}");
  }
}
