package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.data.DataCounts;
import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.ExpectedTarget;
import dev.polyphase.orchestrator.engine.ExpectedTarget.Certainty;
import dev.polyphase.orchestrator.engine.ExpectedTarget.TypeCount;
import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.RunDisk;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a plan looks like for a model of 14 billion parameters. */
class PlanTableTest {
  private static final long GIB = 1L << 30;
  private static final Pipeline PIPELINE =
      PipelineReader.parse(
          """
          name: large
          base_model: large
          phases:
            - {name: sft, type: sft, targeting: {top_percent: 25}, datasets: [{path: a.jsonl}],
               learning_rate: 1e-5, micro_batch_size: 4, sequence_len: 4096}
          """,
          "large.yaml",
          List.of());
  private static final PlannedPhase SFT =
      new PlannedPhase(
          PIPELINE.phases().get(0),
          new ExpectedTarget(
              List.of(
                  new TypeCount("mlp.up_proj", 12, 48, Certainty.EXACT),
                  new TypeCount("mlp.gate_proj", 24, 48, Certainty.AT_MOST),
                  new TypeCount("lm_head", 1, 1, Certainty.ALWAYS)),
              Set.of(),
              Map.of(),
              List.of(),
              false),
          new PhasePlan(
              new DataCounts(1_000_300, 1_000_000, 70_000, 200, 100, 0, 0, 1_000_000, 600_000_000),
              DataCounts.whole(500, 300_000),
              List.of(),
              Map.of(),
              List.of(new DatasetShare("a", 1_000_000, 1_000_000, 600_000_000)),
              List.of(new EndToken(151645, "<|im_end|>")),
              612_000_000,
              31_250,
              0,
              600_001_234,
              new Reach(1e-5, 0.15, 1.0, 1000, 990, "bfloat16"),
              4_859_084_800L,
              14_770_033_664L,
              new Compute("libtorch 2.7.1", "cuda:0", "bfloat16", "because"),
              new MemoryEstimate(
                  4,
                  4096,
                  18 * GIB,
                  2 * GIB,
                  19 * GIB,
                  38 * GIB,
                  null,
                  0,
                  19 * GIB,
                  6 * GIB + GIB / 2,
                  28,
                  48),
              List.of(new DeviceNeed("cuda:0", 0, 48, 100 * GIB + GIB / 2)),
              null,
              57 * GIB,
              28 * GIB,
              null));

  @Test
  void columnsAreAlignedAndNumbersGrouped() {
    assertThat(table(SFT, new DeviceMemory(139 * GIB, 140 * GIB)))
        .isEqualTo(
            """
            large
            libtorch 2.7.1 on cuda:0 in bfloat16: because

                                                        sft
            type                                        sft
            modules trained
              mlp.up_proj                          12 of 48
              mlp.gate_proj                  up to 24 of 48
              lm_head                                always
            trained parameters        at most 4,859,084,800
              of the model's                         32.9 %
            data
              rows read                           1,000,300
                kept                              1,000,000
                  cut or split                       70,000
                dropped                                 200
                without loss                            100
              tokens of one pass                600,000,000
              packing                                98.0 %
              held-out rows read                        500
                kept                                    500
                  cut or split                            0
                dropped                                   0
                without loss                              0
              ends learned              <|im_end|> (151645)
            training
              steps                                  31,250
              tokens                            600,001,234
              largest forward pass                 4 x 4096
            memory
              frozen weights                      18.00 GiB
              frozen weights, mapped               2.00 GiB
              masters                             19.00 GiB
              optimizer states                    38.00 GiB
              gradients                           19.00 GiB
              blocks recomputed                    28 of 48
              activations                          6.50 GiB
              total                              102.50 GiB
              available on cuda:0                139.00 GiB
            disk
              checkpoints                     3 x 57.00 GiB
              model                               28.00 GiB
              scans, logs, report                  35.5 MiB
              free for all of it                 512.00 GiB
            """);
  }

  /** As all experts' matrices of a projection are. */
  @Test
  void manyOfATypeThatAreAlwaysTrainedAreCounted() {
    ExpectedTarget target =
        new ExpectedTarget(
            List.of(
                new TypeCount("mlp.experts.*.up_proj", 3, 6144, Certainty.AT_MOST),
                new TypeCount("mlp.experts.*.up_proj", 128, 128, Certainty.ALWAYS),
                new TypeCount("mlp.experts.*.down_proj", 6144, 6144, Certainty.ALWAYS)),
            Set.of(),
            Map.of(),
            List.of(),
            false);
    assertThat(
            table(
                new PlannedPhase(SFT.phase(), target, SFT.plan()),
                new DeviceMemory(139 * GIB, 140 * GIB)))
        .containsPattern("mlp\\.experts\\.\\*\\.up_proj +up to 3 of 6144; always, 128\n")
        .containsPattern("mlp\\.experts\\.\\*\\.down_proj +always, 6,144\n");
  }

  @Test
  void judgedCompletionsAreCountedByWhatTheyAre() throws JsonProcessingException {
    PhasePlan one = SFT.plan();
    PlannedPhase judged =
        new PlannedPhase(
            SFT.phase(),
            SFT.target(),
            new PhasePlan(
                judged(900, 107),
                one.heldOut(),
                List.of(),
                new TreeMap<>(Map.of("a", judged(900, 7), "b", judged(0, 100))),
                List.of(new DatasetShare("a", 907, 907, 9), new DatasetShare("b", 100, 100, 9)),
                one.ends(),
                one.slots(),
                one.steps(),
                one.rescans(),
                one.totalTokens(),
                one.reach(),
                one.trainedValues(),
                one.modelValues(),
                one.compute(),
                one.memory(),
                one.deviceNeeds(),
                one.share(),
                one.checkpointBytes(),
                one.resultBytes(),
                null));
    assertThat(table(judged, new DeviceMemory(139 * GIB, 140 * GIB)))
        .contains(
            """
                kept                                  1,007
                  desirable                             900
                  undesirable                           107
                  cut or split                            0
            """,
            """
            completions of sft  desirable  undesirable
            a                         900            7
            b                           0          100
            """,
            "phase sft: all 100 completions of dataset b are undesirable");
    JsonNode phase = json(judged, new DeviceMemory(0, 0)).at("/phases/0");
    assertThat(phase.at("/data/desirable").longValue()).isEqualTo(900);
    assertThat(phase.at("/datasets/b/undesirable").longValue()).isEqualTo(100);
  }

  private static DataCounts judged(long desirable, long undesirable) {
    long rows = desirable + undesirable;
    return new DataCounts(
        rows, rows, 0, 0, 0, Map.of(), 0, 0, 0, rows, 9, 0, 0, desirable, undesirable);
  }

  @Test
  void whatDoesNotFitIsSaidWithWhatHelps() {
    String remedies =
        "gradient_checkpointing: true; optimizer_offload: true; micro_batch_size below 4, with more"
            + " gradient_accumulation_steps; targeting.always_train: []; targeting.top_percent"
            + " below 25; sequence_len below 4096";

    assertThat(table(SFT, new DeviceMemory(80 * GIB, 80 * GIB)))
        .endsWith(
            "\nphase sft does not fit: it needs 100.50 GiB, and cuda:0 has 80.00 GiB. This would"
                + " help: "
                + remedies
                + "\n");
    assertThat(table(SFT, new DeviceMemory(101 * GIB, 128 * GIB)))
        .contains("phase sft needs 102.50 GiB with its mapped weights, and cuda:0 has 101.00 GiB")
        .endsWith(remedies + "\n");
    assertThat(table(SFT, new DeviceMemory(0, 0))).doesNotContain("available", "phase sft");
  }

  @Test
  void whatIsOnTheCpuIsNoPartOfTheDevicesTotal() throws JsonProcessingException {
    PlannedPhase offloaded = offloaded();
    DeviceMemory enough = new DeviceMemory(80 * GIB, 80 * GIB, Map.of(), 60 * GIB);
    DeviceMemory tooLittle = new DeviceMemory(80 * GIB, 80 * GIB, Map.of(), 59 * GIB);

    assertThat(table(offloaded, enough))
        .contains(
            """
              masters                             19.00 GiB
              optimizer states                    38.00 GiB
              both on the CPU                     60.00 GiB
              copies of masters                   10.00 GiB
              gradients                           19.00 GiB
            """,
            "  total                               55.50 GiB\n")
        .doesNotContain("does not fit");
    assertThat(table(offloaded, tooLittle))
        .endsWith(
            "\n"
                + "phase sft does not fit: optimizer_offload keeps 60.00 GiB on the CPU, which has"
                + " 59.00 GiB. This would help: targeting.always_train: []; targeting.top_percent"
                + " below 25\n");
    JsonNode json = json(offloaded, tooLittle).at("/phases/0");
    assertThat(json.path("fits").booleanValue()).isFalse();
    assertThat(json.at("/memory/host_bytes").longValue()).isEqualTo(60 * GIB);
    assertThat(json.at("/memory/copy_bytes").longValue()).isEqualTo(10 * GIB);
  }

  /** On the GPU it is 18 frozen, 19 of gradients and 6.5 beside, and masters and states: 100.5. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "100 | targeting.always_train: [], targeting.top_percent below 25",
        "101 | optimizer_offload: false, targeting.always_train: [], targeting.top_percent below"
            + " 25",
      })
  void whereTheCpuLacksMemoryItsRemediesAreGiven(long gpu, String remedies)
      throws JsonProcessingException {
    DeviceMemory device = new DeviceMemory(gpu * GIB, gpu * GIB, Map.of(), 59 * GIB);

    JsonNode phase = json(offloaded(), device).at("/phases/0");

    assertThat(phase.path("remedies"))
        .extracting(JsonNode::textValue)
        .containsExactly(remedies.split(", ", -1));
    assertThat(table(offloaded(), device))
        .endsWith("which has 59.00 GiB. This would help: " + remedies.replace(", ", "; ") + "\n");
  }

  /** Masters and states are 57 GiB. */
  @Test
  void nothingIsToBeOffloadedWhereTheCpuLacksTheMemory() {
    DeviceMemory lessHost = new DeviceMemory(80 * GIB, 80 * GIB, Map.of(), 57 * GIB - 1);
    DeviceMemory justEnough = new DeviceMemory(80 * GIB, 80 * GIB, Map.of(), 57 * GIB);

    assertThat(table(SFT, lessHost))
        .contains("This would help: gradient_checkpointing: true; micro_batch_size below 4,");
    assertThat(table(SFT, justEnough))
        .contains(
            "This would help: gradient_checkpointing: true; optimizer_offload: true;"
                + " micro_batch_size below 4,");
  }

  /** Three checkpoints of 57 GiB, two of which stay until the model of 28 GiB is there. */
  @Test
  void whatDoesNotFitOnTheDiskIsSaidWithWhatItIsMadeOf() throws JsonProcessingException {
    DeviceMemory device = new DeviceMemory(139 * GIB, 140 * GIB);
    RunDisk full = disk(SFT, OptionalLong.of(180 * GIB));

    assertThat(PlanTable.of(PIPELINE, List.of(SFT), device, full))
        .contains("  free for all of it                 180.00 GiB\n")
        .endsWith(
            "\n"
                + "no/such/large needs 199.03 GiB more on its disk, which has 180.00 GiB free:"
                + " phase sft writes 3 checkpoints of 57.00 GiB, a model of 28.00 GiB, scans, logs"
                + " and report of 35.5 MiB; make room, choose another disk with --output, or set"
                + " save_total_limit: 1\n");
    JsonNode plan = new ObjectMapper().readTree(PlanJson.of(PIPELINE, List.of(SFT), device, full));
    assertThat(plan.at("/disk/fits").booleanValue()).isFalse();
    assertThat(plan.at("/disk/free_bytes").longValue()).isEqualTo(180 * GIB);
    assertThat(plan.at("/disk/warnings")).hasSize(1);
    assertThat(plan.at("/phases/0/disk/checkpoints").longValue()).isEqualTo(3);
    assertThat(plan.at("/phases/0/disk/checkpoint_bytes").longValue()).isEqualTo(57 * GIB);
    assertThat(plan.at("/phases/0/disk/model_bytes").longValue()).isEqualTo(28 * GIB);

    RunDisk unknown = disk(SFT, OptionalLong.empty());
    assertThat(PlanTable.of(PIPELINE, List.of(SFT), device, unknown))
        .doesNotContain("free for", "more on its disk");
    assertThat(
            new ObjectMapper()
                .readTree(PlanJson.of(PIPELINE, List.of(SFT), device, unknown))
                .at("/disk/fits")
                .isNull())
        .isTrue();
  }

  @Test
  void severalDevicesAreLookedAtOneByOne() throws JsonProcessingException {
    PhasePlan one = SFT.plan();
    PlannedPhase placed =
        new PlannedPhase(
            SFT.phase(),
            SFT.target(),
            new PhasePlan(
                one.data(),
                one.heldOut(),
                List.of(),
                Map.of(),
                one.epoch(),
                one.ends(),
                one.slots(),
                one.steps(),
                one.rescans(),
                one.totalTokens(),
                one.reach(),
                one.trainedValues(),
                one.modelValues(),
                new Compute("libtorch 2.7.1", "cuda:0, cuda:1", "bfloat16", "because"),
                one.memory(),
                List.of(
                    new DeviceNeed("cuda:0", 0, 30, 40 * GIB),
                    new DeviceNeed("cuda:1", 30, 18, 70 * GIB)),
                null,
                one.checkpointBytes(),
                one.resultBytes(),
                null));
    DeviceMemory wide =
        new DeviceMemory(160 * GIB, 160 * GIB, Map.of("cuda:0", 80 * GIB, "cuda:1", 80 * GIB), 0);
    DeviceMemory narrow =
        new DeviceMemory(140 * GIB, 160 * GIB, Map.of("cuda:0", 80 * GIB, "cuda:1", 60 * GIB), 0);

    assertThat(table(placed, wide))
        .contains(
            "libtorch 2.7.1 on cuda:0, cuda:1 in bfloat16: because\n",
            """
              total                                        102.50 GiB
                on cuda:0                   blocks 0 to 29: 40.00 GiB
                on cuda:1                  blocks 30 to 47: 70.00 GiB
              available on cuda:0, cuda:1                  160.00 GiB
            """)
        .doesNotContain("does not fit");
    assertThat(table(placed, narrow))
        .contains("phase sft does not fit: it needs 70.00 GiB on cuda:1, which has 60.00 GiB. ");
    JsonNode phase = json(placed, narrow).at("/phases/0");
    assertThat(phase.path("fits").booleanValue()).isFalse();
    assertThat(phase.at("/places/1").toString())
        .isEqualTo(
            "{\"device\":\"cuda:1\",\"first_block\":30,\"blocks\":18,\"bytes\":%d}"
                .formatted(70 * GIB));
  }

  /** What it needs, and where, only the engine knows that trains it. */
  @Test
  void whatIsNotKnownIsLeftOpen() throws JsonProcessingException {
    PhasePlan one = SFT.plan();
    PlannedPhase elsewhere =
        new PlannedPhase(
            SFT.phase(),
            SFT.target(),
            new PhasePlan(
                one.data(),
                one.heldOut(),
                List.of(),
                Map.of(),
                one.epoch(),
                one.ends(),
                one.slots(),
                one.steps(),
                one.rescans(),
                one.totalTokens(),
                one.reach(),
                one.trainedValues(),
                one.modelValues(),
                new Compute("another 1.0", null, null, "engine says so"),
                null,
                List.of(),
                null,
                one.checkpointBytes(),
                one.resultBytes(),
                null));
    DeviceMemory device = new DeviceMemory(80 * GIB, 80 * GIB);

    assertThat(table(elsewhere, device))
        .contains(
            "large\nanother 1.0: engine says so\n",
            "  total                                       -\n")
        .doesNotContain("null", "fit");
    JsonNode plan = json(elsewhere, device);
    assertThat(plan.at("/compute/device").isNull()).isTrue();
    JsonNode phase = plan.at("/phases/0");
    assertThat(phase.path("memory").isNull()).isTrue();
    assertThat(phase.path("places")).isEmpty();
    assertThat(phase.path("fits").isNull()).isTrue();
    assertThat(phase.path("remedies")).isEmpty();
  }

  @Test
  void aPhaseThatAnotherEngineTrainsSaysWhatItsProcessesHold() throws JsonProcessingException {
    PlannedPhase trl = trl(SFT.plan(), new ProcessShare(16, 2 * GIB, 5 * GIB));
    DeviceMemory device = new DeviceMemory(80 * GIB, 80 * GIB);

    String alone = table(trl, new DeviceMemory(0, 0));
    assertThat(alone)
        .contains(
            "large\nTRL 1.13.0 in bfloat16: 16 processes\n\n",
            """
            memory of each GPU
              frozen weights                     2.00 GiB
              trained, with states               5.00 GiB
              all but activations           7.00 GiB x 16
            disk
            """)
        .doesNotContain("largest forward pass", "masters", "available on", "null");

    String both =
        PlanTable.of(
            PIPELINE, List.of(trl, SFT), device, disk(List.of(trl, SFT), OptionalLong.empty()));
    assertThat(both)
        .contains(
            """
            large
            sft: TRL 1.13.0 in bfloat16: 16 processes
            sft: libtorch 2.7.1 on cuda:0 in bfloat16: because
            """);
    assertThat(both.replaceAll(" +", " "))
        .contains(
            "\n largest forward pass - 4 x 4096\nmemory\n frozen weights - 18.00 GiB\n",
            "\n total - 102.50 GiB\n available on cuda:0 - 80.00 GiB\nmemory of each GPU\n",
            "\n all but activations 7.00 GiB x 16 -\n");

    JsonNode phase = json(trl, device).at("/phases/0");
    assertThat(phase.at("/compute/library").textValue()).isEqualTo("TRL 1.13.0");
    assertThat(phase.path("memory").isNull()).isTrue();
    assertThat(phase.path("memory_of_each_gpu").toString())
        .isEqualTo(
            "{\"processes\":16,\"frozen_bytes\":%d,\"trained_bytes\":%d,\"total_bytes\":%d}"
                .formatted(2 * GIB, 5 * GIB, 7 * GIB));
    assertThat(json(SFT, device).at("/phases/0/memory_of_each_gpu").isNull()).isTrue();
  }

  private static PlannedPhase trl(PhasePlan one, ProcessShare share) {
    return new PlannedPhase(
        SFT.phase(),
        SFT.target(),
        new PhasePlan(
            one.data(),
            one.heldOut(),
            List.of(),
            Map.of(),
            one.epoch(),
            one.ends(),
            one.slots(),
            one.steps(),
            one.rescans(),
            one.totalTokens(),
            one.reach(),
            one.trainedValues(),
            one.modelValues(),
            new Compute("TRL 1.13.0", null, "bfloat16", "16 processes"),
            null,
            List.of(),
            share,
            one.checkpointBytes(),
            one.resultBytes(),
            null));
  }

  @Test
  void scriptsGetBytes() throws JsonProcessingException {
    JsonNode plan = json(new DeviceMemory(80 * GIB, 81 * GIB));
    assertThat(plan.at("/device_memory/available_bytes").longValue()).isEqualTo(80 * GIB);
    JsonNode phase = plan.at("/phases/0");
    assertThat(phase.at("/modules/0").toString())
        .isEqualTo(
            "{\"type\":\"mlp.up_proj\",\"selected\":12,\"of\":48,\"exact\":true,\"always\":false}");
    assertThat(phase.path("trained_parameters_exact").booleanValue()).isFalse();
    assertThat(phase.at("/memory/total_bytes").longValue()).isEqualTo(102 * GIB + GIB / 2);
    assertThat(phase.path("fits").booleanValue()).isFalse();
    assertThat(phase.path("remedies")).hasSize(6);
    assertThat(phase.at("/memory/gradient_checkpointing").booleanValue()).isTrue();
    assertThat(phase.at("/memory/recomputed_blocks").intValue()).isEqualTo(28);
    assertThat(phase.at("/memory/differentiated_blocks").intValue()).isEqualTo(48);
    assertThat(phase.path("packing").doubleValue()).isEqualTo(600.0 / 612);

    assertThat(json(new DeviceMemory(0, 0)).path("device_memory").isNull()).isTrue();
    assertThat(json(new DeviceMemory(0, 0)).at("/phases/0/fits").isNull()).isTrue();
    assertThat(json(new DeviceMemory(200 * GIB, 200 * GIB)).at("/phases/0/remedies")).isEmpty();
  }

  /** Rows that reach beyond are a warning too, and others are none. */
  @Test
  void aSequenceLenBeyondTheModelsPositionsIsShown() throws JsonProcessingException {
    DeviceMemory device = new DeviceMemory(139 * GIB, 140 * GIB);
    String reached = "phase sft: its longest row has 3,000 tokens";

    PlannedPhase far = beyond(3000);
    assertThat(table(far, device))
        .contains("  sequence_len            4,096, positions for 2,048, longest row 3,000\n")
        .contains(reached);
    JsonNode phase = json(far, device).at("/phases/0");
    assertThat(phase.path("beyond_positions").toString())
        .isEqualTo("{\"made_for\":2048,\"by\":\"max_position_embeddings\",\"longest_row\":3000}");
    assertThat(phase.path("warnings").toString()).contains(reached);

    PlannedPhase near = beyond(2000);
    assertThat(table(near, device))
        .contains("  sequence_len            4,096, positions for 2,048, longest row 2,000\n")
        .doesNotContain("its longest row");
    assertThat(table(SFT, device)).doesNotContain("sequence_len");
    assertThat(json(SFT, device).at("/phases/0/beyond_positions").isNull()).isTrue();
  }

  /** The same of a model whose positions are for 2,048 tokens. */
  private static PlannedPhase beyond(int longestRow) {
    PhasePlan plan = SFT.plan();
    return new PlannedPhase(
        SFT.phase(),
        SFT.target(),
        new PhasePlan(
            plan.data(),
            plan.heldOut(),
            List.of(),
            Map.of(),
            plan.epoch(),
            plan.ends(),
            plan.slots(),
            plan.steps(),
            plan.rescans(),
            plan.totalTokens(),
            plan.reach(),
            plan.trainedValues(),
            plan.modelValues(),
            plan.compute(),
            plan.memory(),
            plan.deviceNeeds(),
            plan.share(),
            plan.checkpointBytes(),
            plan.resultBytes(),
            new BeyondPositions(2048, "max_position_embeddings", longestRow)));
  }

  /** The same with 60 GiB on the CPU. */
  private static PlannedPhase offloaded() {
    PhasePlan plan = SFT.plan();
    MemoryEstimate memory = plan.memory();
    return new PlannedPhase(
        SFT.phase(),
        SFT.target(),
        new PhasePlan(
            plan.data(),
            plan.heldOut(),
            List.of(),
            Map.of(),
            plan.epoch(),
            plan.ends(),
            plan.slots(),
            plan.steps(),
            plan.rescans(),
            plan.totalTokens(),
            plan.reach(),
            plan.trainedValues(),
            plan.modelValues(),
            plan.compute(),
            new MemoryEstimate(
                memory.batchRows(),
                memory.batchTokens(),
                memory.frozenBytes(),
                memory.mappedBytes(),
                memory.masterBytes(),
                memory.optimizerBytes(),
                new MemoryEstimate.Offload(10 * GIB, 3 * GIB),
                memory.referenceBytes(),
                memory.gradientBytes(),
                memory.activationBytes(),
                memory.recomputedBlocks(),
                memory.differentiatedBlocks()),
            plan.deviceNeeds(),
            plan.share(),
            plan.checkpointBytes(),
            plan.resultBytes(),
            null));
  }

  private static JsonNode json(DeviceMemory device) throws JsonProcessingException {
    return json(SFT, device);
  }

  private static JsonNode json(PlannedPhase phase, DeviceMemory device)
      throws JsonProcessingException {
    return new ObjectMapper().readTree(PlanJson.of(PIPELINE, List.of(phase), device, disk(phase)));
  }

  private static String table(PlannedPhase phase, DeviceMemory device) {
    return PlanTable.of(PIPELINE, List.of(phase), device, disk(phase));
  }

  /** What it writes on a disk of a TiB, of which half is free. */
  private static RunDisk disk(PlannedPhase phase) {
    return disk(phase, OptionalLong.of(512 * GIB));
  }

  private static RunDisk disk(PlannedPhase phase, OptionalLong free) {
    return disk(List.of(phase), free);
  }

  private static RunDisk disk(List<PlannedPhase> phases, OptionalLong free) {
    RunRequest request =
        new RunRequest(
            PIPELINE, Path.of("."), Path.of("no", "such"), RunRequest.Start.BEGIN_OR_RESUME);
    try {
      RunDisk here = RunDisk.of(request, phases);
      return new RunDisk(here.folder(), here.phases(), here.neededBytes(), free, here.remedies());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
