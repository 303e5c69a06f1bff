package dev.polyphase.orchestrator.machine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GpuPeakTest {
  @ParameterizedTest
  @CsvSource({
    "NVIDIA H200, 989",
    "NVIDIA H200 NVL, 835",
    "NVIDIA H100 80GB HBM3, 989",
    "NVIDIA H100 PCIe, 756",
    "NVIDIA GH200 480GB, 989",
    "NVIDIA A100-SXM4-80GB, 312",
    "NVIDIA A100 80GB PCIe, 312",
  })
  void isThatOfItsBoard(String gpu, double teraflops) {
    assertThat(GpuPeak.bfloat16(gpu)).hasValue(teraflops);
  }

  @Test
  void isNotGuessed() {
    assertThat(GpuPeak.bfloat16("NVIDIA GeForce RTX 4090")).isEmpty();
    assertThat(GpuPeak.bfloat16("NVIDIA RTX A1000")).isEmpty();
  }
}
