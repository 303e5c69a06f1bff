package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.prepared.Pairs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prompts with completions side by side in a sequence rather than each in a row of its own. */
class PackedPreferencesTest {
  private static final int SEQUENCE = 64;

  @TempDir Path folder;

  /** All rows in one step, so that both take the same steps. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "dpo; {prefix_sharing: false}; 3",
        "dpo; {prefix_sharing: true}; 3",
        "dpo; {loss_type: [aot, sft], ld_alpha: 0.5}; 3",
        "orpo; {}; 3",
        "simpo; {}; 3",
        "kto; {loss_type: apo_zero_unpaired}; 3",
        // From the second step on other completions are taken for what the policy has moved.
        "kto; {}; 1"
      })
  void lossesAreThoseOfRowsApart(String type, String settings, int steps) throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
    run = type.equals("kto") ? run.withJudged(12) : run.withPairs(12);
    String[] common = {
      "type=" + type,
      type + "=" + settings,
      "eval_datasets=[]",
      "max_steps=" + steps,
      "gradient_accumulation_steps=1",
      "sequence_len=" + SEQUENCE,
      "adam_epsilon=0.01"
    };

    RecordingListener apart = train(run, "apart", common, "micro_batch_size=12");
    RecordingListener packed =
        train(run, "packed", common, "micro_batch_size=12", "sample_packing=true");

    assertThat(packed.notes).anyMatch(note -> note.contains(" were packed into "));
    ComparedRuns.assertClose(apart, packed, 1e-5);
    assertThat(ComparedRuns.largestDifference(folder.resolve("apart"), folder.resolve("packed")))
        .isLessThan(1e-6);
  }

  @Test
  void fewerTokensAreComputed() {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 1; i <= 16; i++) {
      pairs.add(new Pair(new int[2], new int[i], new int[17 - i]));
    }
    int[] all = IntStream.range(0, 16).toArray();
    try (Preference apart = objective(pairs, Layout.PADDED, false);
        Preference packed = objective(pairs, Layout.PACKED, true);
        Preference shared = objective(pairs, Layout.SHARED_PROMPTS, true)) {
      int[] sequences = IntStream.range(0, packed.tokensOfRow().length).toArray();

      assertThat(apart.batchSize(all)).isEqualTo(new BatchSize(32, 18));
      // The tokens that there are: of each pair two prompts and 17 others.
      assertThat(packed.batchSize(sequences).padded()).isEqualTo(16 * (4 + 17));
      assertThat(shared.batchSize(sequences).padded()).isEqualTo(16 * (2 + 17));
      assertThat(sequences.length).isEqualTo((16 * 21 + 127) / 128);
    }
  }

  /** A pair is as long as two rows, and so is a sequence of pairs. */
  @Test
  void sequencesOfPairsAreNoFullerThanFull() throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(12);
    PhasePlan plan =
        run.check("phases.one.sample_packing=true", "phases.one.sequence_len=" + SEQUENCE);
    long tokens = plan.epoch().stream().mapToLong(share -> share.epochTokens()).sum();

    assertThat(plan.slots()).isBetween(tokens, 2 * tokens).isEqualTo(plan.slots() / 128 * 128);
  }

  private static Preference objective(List<Pair> pairs, Layout layout, boolean packed) {
    return new Preference(
        Pairs.of(pairs, List.of()),
        Mixture.EACH_ONCE,
        new PairSettings(
            LossProgram.of(new Dpo(0.1, Dpo.LossType.SIGMOID, 0)),
            Optional.empty(),
            layout,
            packed,
            SEQUENCE,
            true));
  }

  private static RecordingListener train(
      DpoRun run, String result, String[] common, String... settings) throws IOException {
    return run.train(
        result,
        Optional.empty(),
        Stream.concat(Stream.of(common), Stream.of(settings))
            .map(part -> "phases.one." + part)
            .toArray(String[]::new));
  }
}
