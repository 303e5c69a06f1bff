package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.ParameterNames;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.TemporaryRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Phases with {@code device: [cpu, cpu]}: what differs from two GPUs is the devices' names. */
class PlacedPhaseTest {
  private static final String TWO = "device=[cpu, cpu]";
  private static final String THREE = "device=[cpu, cpu, cpu]";

  @TempDir Path folder;

  /** Clipped at a norm that every step has; an evaluation before and after. */
  @ParameterizedTest
  @EnumSource
  void everyStepIsTheSameToTheLastBit(Fixture fixture) throws IOException {
    new FourSteps(folder).assertSame(fixture, List.of(TWO, THREE), "phases.one.max_grad_norm=0.1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "phases.one.sample_packing=true",
        "phases.one.gradient_accumulation_steps=3",
        "phases.one.gradient_checkpointing=true",
        "phases.one.optimizer=adamw_bnb_8bit",
        "phases.one.optimizer=adafactor",
        "phases.one.optimizer=muon",
        "dtype=bfloat16",
      })
  void whateverTheSettings(String setting) throws IOException {
    new FourSteps(folder).assertSame(Fixture.QWEN2, List.of(TWO, THREE), setting);
  }

  @Test
  void withAdapters() throws IOException {
    new FourSteps(folder).assertSameOfAdapters(List.of(TWO, THREE));
  }

  @Test
  void thePlanSaysWhatIsWhere() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, ParameterNames.of(base)).withRows(40);

    PhasePlan one = run.check();
    PhasePlan two = run.check(TWO);

    assertThat(one.deviceNeeds())
        .containsExactly(new DeviceNeed("cpu", 0, 4, one.memory().unmappedBytes()));
    assertThat(two.compute().sentence()).contains(" on cpu, cpu in float32: ");
    assertThat(two.memory()).isEqualTo(one.memory());
    assertThat(two.deviceNeeds()).hasSize(2);
    assertThat(two.deviceNeeds()).extracting(DeviceNeed::blocks).containsExactly(2, 2);
    assertThat(two.deviceNeeds()).extracting(DeviceNeed::firstBlock).containsExactly(0, 2);
    // Both ends have 272 x 64 weights; the upper one has a norm besides, with states. The worst
    // moment is in a block, when the head's gradient is there and the embedding's is not yet.
    long lower = two.deviceNeeds().get(0).bytes();
    assertThat(two.deviceNeeds().get(1).bytes() - lower).isEqualTo(64 * 12 + 272 * 64 * 4);
    // Backward passes are not at the same time.
    assertThat(lower + two.deviceNeeds().get(1).bytes())
        .isBetween(one.memory().totalBytes(), one.memory().totalBytes() * 5 / 4);
  }

  @Test
  void theLowerBlocksAreTogetherWhereTheUpperOnesAreTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Set<String> upper =
        ParameterNames.of(base).stream()
            .filter(name -> name.matches("model\\.layers\\.[23]\\..*"))
            .collect(Collectors.toSet());
    SftRun run = new SftRun(folder, base, upper).withRows(40);

    assertThat(run.check(TWO).deviceNeeds()).extracting(DeviceNeed::blocks).containsExactly(3, 1);
  }

  /** Passes in flight at three places: two or three at the first, two at the second, then one. */
  @Test
  void theFirstPlaceKeepsSeveralPasses() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, ParameterNames.of(base)).withRows(40, 40, 40, 40, 40, 40);
    String devices = "device=[cpu, cpu, cpu]";
    String steps = "phases.one.gradient_accumulation_steps=";
    String recomputed = "phases.one.gradient_checkpointing=true";

    List<DeviceNeed> two = run.check(devices, recomputed, steps + 2).deviceNeeds();
    List<DeviceNeed> three = run.check(devices, recomputed, steps + 3).deviceNeeds();

    // The inputs of its blocks once more.
    long inputs = three.get(0).blocks() * 40L * 64 * 4;
    assertThat(inputs).isPositive();
    assertThat(three.get(0).bytes() - two.get(0).bytes()).isEqualTo(inputs);
    assertThat(three.subList(1, 3)).isEqualTo(two.subList(1, 3));
  }

  /** Where they have not, the first one has fewer blocks, as it keeps them twice. */
  @Test
  void devicesHaveAsMuchToDoWhereTheyHaveTheMemory() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    int[] lengths = new int[64];
    Arrays.fill(lengths, 64);
    SftRun run = new SftRun(folder, base, ParameterNames.of(base)).withRows(lengths);
    PhaseRequest request =
        run.request(
            "result",
            TWO,
            "phases.one.micro_batch_size=32",
            "phases.one.gradient_accumulation_steps=2",
            "phases.one.gradient_checkpointing=false");

    assertThat(check(request, 1L << 40).deviceNeeds())
        .extracting(DeviceNeed::blocks)
        .containsExactly(2, 2);
    assertThat(check(request, 1L << 20).deviceNeeds())
        .extracting(DeviceNeed::blocks)
        .containsExactly(1, 3);
  }

  /** Both places are on one device, which must have what both need and a little more. */
  @Test
  void blocksAreKeptWhereTheyFit() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, ParameterNames.of(base)).withRows(60);
    PhaseRequest request = run.request("result", TWO);
    long kept = run.check(TWO).deviceNeeds().stream().mapToLong(DeviceNeed::bytes).sum();

    assertThat(check(request, kept * 2).memory().recomputed()).isFalse();
    assertThat(check(request, kept).memory().recomputed()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "device=[auto, cpu] | device: [auto, cpu] names no devices; give auto alone, or a list such"
            + " as [cuda:0, cuda:1]",
        "device=[cpu, cuda:99] | device 'cuda:99' is not there: ",
      })
  void devicesThatAreNotThereAreRefused(String setting, String sentence) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, ParameterNames.of(base)).withRows(12);

    // Why one is not there depends on the machine.
    assertThatThrownBy(() -> run.check(setting))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(sentence);
  }

  private static PhasePlan check(PhaseRequest request, long freeBytes) throws IOException {
    return new DjlPhaseTrainer(
            NextToken.source(TemporaryRows.reader()), device -> OptionalLong.of(freeBytes))
        .prepare(request, ReadingListener.NOBODY)
        .plan();
  }
}
