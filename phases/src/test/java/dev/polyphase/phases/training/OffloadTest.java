package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.prepared.TemporaryRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Phases with {@code optimizer_offload: true}, whose model is on the CPU too: what differs with a
 * GPU is that copies go over a bus. Masters, states and what the model computes with are apart.
 */
class OffloadTest {
  private static final String OFFLOAD = "phases.one.optimizer_offload=true";

  @TempDir Path folder;

  /** Clipped at a norm that every step has; an evaluation before, on the way and after. */
  @ParameterizedTest
  @EnumSource
  void everyStepIsTheSameToTheLastBit(Fixture fixture) throws IOException {
    new FourSteps(folder).assertSame(fixture, List.of(OFFLOAD), "phases.one.max_grad_norm=0.1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dtype=bfloat16",
        "device=[cpu, cpu]",
        "phases.one.optimizer=adamw_bf16",
        "phases.one.optimizer=adamw_bnb_8bit",
        "phases.one.optimizer=adafactor",
        "phases.one.optimizer=lion",
        "phases.one.gradient_checkpointing=true",
        "phases.one.gradient_accumulation_steps=1",
        "phases.one.load_best_model_at_end=true",
        "phases.one.learning_rate=3",
      })
  void whateverTheSettings(String setting) throws IOException {
    new FourSteps(folder).assertSame(Fixture.QWEN2, List.of(OFFLOAD), setting);
  }

  /** Parts of one module each, and of some rows. */
  @Test
  void whateverIsTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    for (String name : List.of("model.layers.2.mlp.up_proj.weight", "model.norm.weight")) {
      new FourSteps(folder).assertSame(base, Set.of(name), List.of(OFFLOAD), "dtype=bfloat16");
    }
  }

  @Test
  void withAdapters() throws IOException {
    new FourSteps(folder).assertSameOfAdapters(List.of(OFFLOAD), "dtype=bfloat16");
  }

  @Test
  void theDeviceNeedsACopyAndAGradientOfWhatIsTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    // 160 x 64 values each.
    Set<String> two =
        Set.of("model.layers.2.mlp.up_proj.weight", "model.layers.3.mlp.up_proj.weight");
    SftRun run = new SftRun(folder, base, two).withRows(40);
    long values = 2 * 160 * 64;

    MemoryEstimate with = run.check("dtype=bfloat16").memory();
    MemoryEstimate without = run.check("dtype=bfloat16", OFFLOAD).memory();

    assertThat(without.offload())
        .isEqualTo(new MemoryEstimate.Offload(2 * values, values / 2 * (4 + 4 + 2)));
    assertThat(without.hostBytes()).isEqualTo(values * (4 + 8) + values / 2 * 10);
    // Nor are masters converted in each pass, two bytes a value, kept for the backward pass.
    assertThat(with.unmappedBytes() - without.unmappedBytes())
        .isBetween(values * (4 + 8 - 2), values * (4 + 8 - 2 + 3));
    assertThat(with.hostBytes()).isZero();
  }

  /** As a pipeline for a GPU is run on a laptop. */
  @Test
  void onTheCpuItIsWithoutEffectAndSaidToBe() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, Set.of("model.norm.weight")).withRows(20);
    DjlPhaseTrainer trainer =
        new DjlPhaseTrainer(
            NextToken.source(TemporaryRows.reader()), device -> OptionalLong.empty());
    RecordingListener heard = new RecordingListener();

    PreparedPhase prepared =
        trainer.prepare(run.request("result", OFFLOAD), ReadingListener.NOBODY);
    prepared.train(run.request("result", OFFLOAD).start(), heard);

    assertThat(heard.notes)
        .containsExactly(
            "optimizer_offload is without effect: the model is on the CPU, where masters and states are as well");
    assertThat(prepared.plan().memory().offload()).isNull();
  }
}
