package dev.polyphase.orchestrator.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What Linux and nvidia-smi write, as found on real machines. */
class MachineTest {
  private static final String MEMINFO =
      """
      MemTotal:       24683640 kB
      MemFree:         1048576 kB
      MemAvailable:   20316712 kB
      Buffers:               0 kB
      SwapTotal:       8388604 kB
      SwapFree:        1024000 kB
      """;

  @Test
  void memoryIsWhatIsAvailable() {
    assertThat(SystemMemory.of(MEMINFO, "max\n", "max\n"))
        .isEqualTo(new SystemMemory(20_316_712L * 1024, 24_683_640L * 1024, 8_388_604L * 1024));
  }

  @Test
  void aContainerHasNoMoreThanItsLimit() {
    long limit = 8L << 30;
    assertThat(SystemMemory.of(MEMINFO, limit + "\n", "0\n"))
        .isEqualTo(new SystemMemory(limit, limit, 0));
    assertThat(SystemMemory.of(MEMINFO, "9223372036854771712\n", "max"))
        .isEqualTo(SystemMemory.of(MEMINFO, "max", "max"));
  }

  @Test
  void thisMachineHasMemory() throws IOException {
    SystemMemory memory = SystemMemory.now();
    assertThat(memory.available()).isPositive().isLessThanOrEqualTo(memory.total());
  }

  @Test
  void gpusAreListedInMebibytes() {
    assertThat(Gpu.of("143771, NVIDIA H200\n[N/A], x\nNo devices were found\n"))
        .containsExactly(new Gpu("NVIDIA H200", 143_771L << 20));
    assertThat(Gpu.of("")).isEmpty();
  }

  @Test
  void theLoadOfGpusIsSharesAndBytes() {
    assertThat(
            GpuLoad.of(
                "0, 1024, 143771, 93\n1, 0, 143771, [N/A]\n2, [N/A], [N/A], 5\nNo devices\n"))
        .containsExactly(
            new GpuLoad(0, 1024L << 20, 143_771L << 20, OptionalDouble.of(0.93)),
            new GpuLoad(1, 0, 143_771L << 20, OptionalDouble.empty()));
    assertThat(GpuLoad.of("")).isEmpty();
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void gpusAreNoneWhereTheirListIsLateOrFails() {
    Duration minute = Duration.ofMinutes(1);
    String list = "echo '2, H200'";
    assertThat(Gpu.all(minute, "sh", "-c", list)).containsExactly(new Gpu("H200", 2L << 20));
    assertThat(Gpu.all(minute, "sh", "-c", list + "; exit 9")).isEmpty();
    assertThat(Gpu.all(minute, "no-such-program")).isEmpty();
    // Would hang for an hour.
    assertThat(Gpu.all(Duration.ofMillis(50), "sh", "-c", list + "; exec sleep 3600")).isEmpty();
  }

  @Test
  void theProcessorsAbilitiesAreItsFlags() {
    CpuFeatures intel =
        CpuFeatures.of(
            """
            processor	: 0
            model name	: Intel(R) Xeon(R) Platinum 8481C
            flags		: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_tile
            """);
    assertThat(intel.model()).isEqualTo("Intel(R) Xeon(R) Platinum 8481C");
    assertThat(intel.present()).containsExactly("avx2", "avx512f", "avx512_bf16", "amx_bf16");
    assertThat(intel.fastBfloat16()).isTrue();

    CpuFeatures arm = CpuFeatures.of("processor	: 0\nFeatures	: fp asimd evtstrm\n");
    assertThat(arm.present()).containsExactly("asimd");
    assertThat(arm.fastBfloat16()).isFalse();
    assertThat(CpuFeatures.of("").present()).isEmpty();
  }
}
