package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.language.PipelineReader;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MemoryFailureTest {
  private static final long GIB = 1L << 30;

  /** No machine has so much memory on its CPU. */
  private static final long MUCH = 1L << 50;

  @Test
  void withOffloadBothSidesAreNamed() {
    assertThat(sentence("true", 18 * GIB, new MemoryEstimate.Offload(2 * GIB, GIB)))
        .matches(
            "phase one ran out of memory on cuda:0, or on the CPU, where optimizer_offload keeps"
                + " masters and states: the estimate was 10\\.00 GiB on cuda:0 and 19\\.00 GiB on"
                + " the CPU, the CPU has [\\d.,]+ [GM]iB available; this would help most:"
                + " targeting\\.always_train: \\[\\]; targeting\\.top_percent below 25;"
                + " optimizer_offload: false if the CPU lacks it");
  }

  @Test
  void withoutItTheDeviceAloneIs() {
    assertThat(sentence("false", MUCH, null))
        .startsWith("phase one ran out of memory on cuda:0: the estimate was ")
        .doesNotContain("CPU")
        .endsWith(
            "; this would help most: gradient_checkpointing: true; targeting.always_train: [];"
                + " targeting.top_percent below 25");
    assertThat(sentence("false", 0, null))
        .contains("help most: gradient_checkpointing: true; optimizer_offload: true; ");
  }

  @Test
  void ofSeveralDevicesEachIsAskedOnce() {
    DeviceNeed place = new DeviceNeed("cpu", 0, 1, 0);

    assertThat(sentence("false", 0, null, "cpu, cpu", place, place))
        .containsPattern("on cpu, cpu: the estimate was 8\\.00 GiB(, this process had [^,;]*)?; ");
  }

  @Test
  void ofAnotherEngineItSaysWhatItsProcessesHoldAndWhatHelps() {
    assertThat(elsewhere("engine: {type: trl, processes_per_node: 4}, micro_batch_size: 2", 4))
        .isEqualTo(
            "phase one ran out of memory: each of its 4 processes holds 5.00 GiB of weights,"
                + " gradients and states, and its activations come on top; this would help most:"
                + " micro_batch_size below 2, with more gradient_accumulation_steps; more than 4"
                + " processes by engine.processes_per_node or engine.nodes, each with a GPU of its"
                + " own; targeting.always_train: []");
    assertThat(elsewhere("engine: {type: trl}, gradient_checkpointing: false", 1))
        .startsWith("phase one ran out of memory: its process holds 5.00 GiB of weights")
        .contains(
            "help most: gradient_checkpointing: true; more than 1 process by"
                + " engine.processes_per_node");
  }

  private static String elsewhere(String settings, int processes) {
    String yaml =
        """
        name: one
        base_model: any
        phases:
          - {name: one, type: sft, targeting: {top_percent: 25}, learning_rate: 1,
             datasets: [{path: a}], gradient_accumulation_steps: 4, %s}
        """
            .formatted(settings);
    PhasePlan adding = AddingTrainer.plan(1, 1);
    PhasePlan plan =
        new PhasePlan(
            adding.data(),
            null,
            List.of(),
            Map.of(),
            List.of(),
            List.of(),
            0,
            1,
            0,
            1,
            adding.reach(),
            1,
            1,
            new Compute("TRL 1.13.0", null, null, "so"),
            null,
            List.of(),
            new ProcessShare(processes, 2 * GIB, 3 * GIB),
            0,
            0,
            null);
    return MemoryFailure.onDevice(
        new PlannedPhase(
            PipelineReader.parse(yaml, "p.yaml", List.of()).phases().get(0),
            ExpectedTarget.none(),
            plan));
  }

  private static String sentence(
      String offload, long states, MemoryEstimate.@Nullable Offload apart) {
    // Without places nothing is asked of a GPU that may not be there.
    return sentence(offload, states, apart, "cuda:0");
  }

  /** Of a phase with 8 GiB on its devices, and states that may be on the CPU. */
  private static String sentence(
      String offload,
      long states,
      MemoryEstimate.@Nullable Offload apart,
      String devices,
      DeviceNeed... places) {
    String yaml =
        """
        name: p
        base_model: any
        phases:
          - {name: one, type: sft, targeting: {top_percent: 25}, learning_rate: 1,
             datasets: [{path: a}], optimizer_offload: %s}
        """
            .formatted(offload);
    PhasePlan plan =
        new PhasePlan(
            DataCounts.whole(1, 1),
            null,
            List.of(),
            Map.of(),
            List.of(),
            List.of(),
            0,
            1,
            0,
            1,
            new Reach(1, 1, 1, 1, 1, "float32"),
            1,
            1,
            new Compute("libtorch", devices, "bfloat16", "so"),
            new MemoryEstimate(1, 1, 5 * GIB, 0, 0, states, apart, 0, 2 * GIB, GIB, 0, 1),
            List.of(places),
            null,
            0,
            0,
            null);
    return MemoryFailure.onDevice(
        new PlannedPhase(
            PipelineReader.parse(yaml, "p.yaml", List.of()).phases().get(0),
            ExpectedTarget.none(),
            plan));
  }
}
