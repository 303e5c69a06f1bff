package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.ParameterNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** As many blocks are kept for the backward pass as the memory that is free allows. */
class KeptBlocksTest {
  /** Of what is free on a CPU at most 75 % are planned with. */
  private static final double USABLE = 0.75;

  private static final String ALL_RECOMPUTED = "phases.one.gradient_checkpointing=true";

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void everythingTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    run = new SftRun(folder, base, ParameterNames.of(base)).withRows(60, 60, 60, 60);
  }

  /**
   * From what suffices for none to what suffices for all. One of the last place costs nothing: what
   * a block keeps is there in its backward pass in any case. At the others two passes are in
   * flight.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "[cpu, cpu]", "[cpu, cpu, cpu]"})
  void theyAreOneByOneFewer(String devices) throws IOException {
    String[] settings = {"device=" + devices, "phases.one.gradient_accumulation_steps=2"};
    PhaseRequest request = run.request("result", settings);
    long most = need(run.check(settings));
    long least = need(check(request, 1));
    assertThat(least).isLessThan(most);

    Set<Integer> recomputed = new LinkedHashSet<>();
    for (int i = 0; i <= 50; i++) {
      long usable = least + (most - least) * i / 50;
      PhasePlan plan = check(request, free(usable));
      assertThat(need(plan)).isLessThanOrEqualTo(usable);
      assertThat(plan.memory().differentiatedBlocks()).isEqualTo(4);
      recomputed.add(plan.memory().recomputedBlocks());
    }

    assertThat(recomputed).containsExactly(3, 2, 1, 0);
    assertThat(check(request, 1).memory().recomputedBlocks()).isEqualTo(4);
    assertThat(need(run.check(settings[0], settings[1], ALL_RECOMPUTED))).isEqualTo(least);
  }

  /** The kept ones are gone before the gradients are there that make the peak. */
  @Test
  void whereGradientsGrowOnTheWayDownTheFirstOnesCostNothing() throws IOException {
    String one = "phases.one.gradient_accumulation_steps=1";
    long least = need(run.check(one, ALL_RECOMPUTED));

    MemoryEstimate memory = check(run.request("result", one), free(least)).memory();

    assertThat(memory.recomputedBlocks()).isLessThan(4);
    assertThat(memory.unmappedBytes()).isLessThanOrEqualTo(least);
  }

  @Test
  void whatIsBelowTheLowestTrainedBlockIsNotCounted() throws IOException {
    SftRun upper = new SftRun(folder, run.base(), Set.of("model.layers.2.mlp.up_proj.weight"));

    assertThat(upper.check(ALL_RECOMPUTED).memory())
        .extracting(MemoryEstimate::recomputedBlocks, MemoryEstimate::differentiatedBlocks)
        .containsExactly(2, 2);
  }

  /** Stopped, it goes on with less memory, and then with all of it. */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "[cpu, cpu]"})
  void howeverManyTheyAreAPhaseIsTheSame(String devices) throws IOException {
    String[] settings = {
      "device=" + devices,
      "phases.one.gradient_accumulation_steps=2",
      "phases.one.max_steps=6",
      "phases.one.save_steps=2"
    };
    run.train("whole", new RecordingListener(), settings);
    long most = need(run.check(settings));
    long least = need(check(run.request("result", settings), 1));
    PhaseRequest request = run.request("stopped/model", settings);

    assertThatThrownBy(() -> train(request, most * 2, new Dying(3))).hasMessage("died");
    RecordingListener less = new Dying(5);
    assertThatThrownBy(() -> train(request, free((least + most) / 2), less)).hasMessage("died");
    RecordingListener all = new RecordingListener();
    train(request, most * 2, all);

    SavedModels.assertSame(folder.resolve("stopped/model"), folder.resolve("whole"));
    assertThat(less.notes)
        .anyMatch(
            note ->
                note.matches(
                    "[123] of 4 blocks are computed again in the backward pass: memory does not"
                        + " suffice to keep more"));
    assertThat(all.notes).noneMatch(note -> note.contains("computed again"));
    assertThat(less.keptRows()).isEqualTo(2);
    assertThat(all.keptRows()).isEqualTo(4);
  }

  /** Dies with a step's row. */
  private static final class Dying extends RecordingListener {
    private final int step;

    Dying(int step) {
      this.step = step;
    }

    @Override
    public void metrics(MetricsRow row) {
      if (row.step() == step) {
        throw new IllegalStateException("died");
      }
      super.metrics(row);
    }
  }

  /** Of all places together. */
  private static long need(PhasePlan plan) {
    return plan.deviceNeeds().stream().mapToLong(DeviceNeed::bytes).sum();
  }

  private static long free(long usable) {
    return (long) Math.ceil(usable / USABLE) + 1;
  }

  private static PhasePlan check(PhaseRequest request, long freeBytes) throws IOException {
    return trainer(freeBytes).prepare(request, ReadingListener.NOBODY).plan();
  }

  private static void train(PhaseRequest request, long freeBytes, PhaseListener listener)
      throws IOException {
    SftRun.train(trainer(freeBytes), request, listener);
  }

  private static DjlPhaseTrainer trainer(long freeBytes) {
    return SftRun.trainer(OptionalLong.of(freeBytes));
  }
}
