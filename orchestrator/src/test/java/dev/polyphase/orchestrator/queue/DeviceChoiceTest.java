package dev.polyphase.orchestrator.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.queue.DeviceChoice.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceChoiceTest {
  private static final List<String> OWN = List.of("cpu", "cuda:0", "cuda:1");

  private static DeviceChoice of(List<String> asked, String... free) {
    return DeviceChoice.of(asked, OWN, List.of(free));
  }

  @Test
  void anyMeansTheFirstThatIsFreeAndTheRunIsTold() {
    assertThat(of(List.of("auto"), "cuda:0", "cuda:1"))
        .isEqualTo(new DeviceChoice(Kind.GRANTED, List.of("cuda:0"), "device=cuda:0"));
    assertThat(of(List.of("cuda"), "cpu", "cuda:1"))
        .isEqualTo(new DeviceChoice(Kind.GRANTED, List.of("cuda:1"), "device=cuda:1"));
    assertThat(of(List.of("auto")).kind()).isEqualTo(Kind.BUSY);
    assertThat(of(List.of("cuda"), "cpu").kind()).isEqualTo(Kind.BUSY);
  }

  @Test
  void namedOnesAreThoseOrNone() {
    assertThat(of(List.of("cuda:1"), "cuda:1"))
        .isEqualTo(new DeviceChoice(Kind.GRANTED, List.of("cuda:1"), null));
    assertThat(of(List.of("cuda:0", "cuda:1"), "cuda:0", "cpu"))
        .isEqualTo(new DeviceChoice(Kind.BUSY, List.of("cuda:0", "cuda:1"), null));
    assertThat(of(List.of("cuda:0", "cuda:7"), "cuda:0"))
        .isEqualTo(new DeviceChoice(Kind.LACKING, List.of("cuda:7"), null));
    assertThat(DeviceChoice.of(List.of("cuda"), List.of("cpu"), List.of("cpu")).kind())
        .isEqualTo(Kind.LACKING);
  }
}
