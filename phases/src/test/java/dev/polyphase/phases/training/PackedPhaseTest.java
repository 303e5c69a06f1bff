package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A phase with {@code sample_packing}. Rows of 40, 2, 17, 3, 28, 9, 5 and 33 tokens, 137 in all,
 * fill three sequences of 64: 40, 17, 5, 2; 33, 28, 3; 9. In the order of their first rows they
 * hold 64, 64 and 9 tokens.
 */
class PackedPhaseTest {
  private static final String PACKED = "phases.one.sample_packing=true";
  private static final Set<String> TRAINED = Set.of("model.layers.2.mlp.up_proj.weight");

  @TempDir Path folder;

  @Test
  void thePlanCountsSequences() throws IOException {
    SftRun run = run(Fixture.LLAMA);
    PhasePlan plan = run.check(PACKED, "phases.one.micro_batch_size=2");

    assertThat(plan.data().pieces()).isEqualTo(8);
    assertThat(plan.data().tokens()).isEqualTo(137);
    assertThat(plan.slots()).isEqualTo(3 * 64);
    // Two steps are an epoch: two sequences, then the third.
    assertThat(plan.steps()).isEqualTo(2);
    assertThat(plan.totalTokens()).isEqualTo(137);
    assertThat(plan.memory().batchRows()).isEqualTo(1);
    assertThat(plan.memory().batchTokens()).isEqualTo(128);
    assertThat(run.check().slots()).isZero();
  }

  @Test
  void tokensEndAPhaseAfterWholeSequences() throws IOException {
    String[] settings = {PACKED, "phases.one.max_steps=null", "phases.one.max_tokens=138"};
    RecordingListener heard = new RecordingListener();

    SftRun run = run(Fixture.LLAMA);
    PhasePlan plan = run.check(settings);
    PhaseResult result = run.train("result", heard, settings);

    assertThat(plan.steps()).isEqualTo(4);
    assertThat(plan.totalTokens()).isEqualTo(137 + 64);
    assertThat(result.steps()).isEqualTo(4);
    assertThat(result.tokens()).isEqualTo(137 + 64);
    assertThat(heard.series("num_tokens")).containsExactly(64, 128, 137, 201);
    assertThat(heard.notes)
        .containsExactly(
            "8 rows were packed into 3 sequences of up to 64 tokens, which are 71.4 % full");
  }

  @Test
  void theShuffleOrdersSequencesAnew() throws IOException {
    RecordingListener heard = new RecordingListener();
    String[] settings = {PACKED, "phases.one.shuffle=true", "phases.one.max_steps=30"};

    run(Fixture.LLAMA).train("result", heard, settings);

    double[] tokens = heard.series("num_tokens");
    Set<Integer> stepOfTheShortOne = new TreeSet<>();
    for (int epoch = 0; epoch < 10; epoch++) {
      assertThat(tokens[3 * epoch + 2]).isEqualTo(137.0 * (epoch + 1));
      for (int step = 0; step < 3; step++) {
        int index = 3 * epoch + step;
        if (tokens[index] - (index == 0 ? 0 : tokens[index - 1]) == 9) {
          stepOfTheShortOne.add(step);
        }
      }
    }
    assertThat(stepOfTheShortOne).containsExactly(0, 1, 2);
  }

  @Test
  void heldOutRowsGiveTheSameFigurePacked() throws IOException {
    SftRun run = run(Fixture.MISTRAL_WINDOW);
    String heldOut = "phases.one.eval_datasets=[{path: others.jsonl}]";
    RecordingListener padded = new RecordingListener();
    RecordingListener packed = new RecordingListener();

    run.train("padded", padded, heldOut, "phases.one.micro_batch_size=3");
    run.train("packed", packed, heldOut, "phases.one.micro_batch_size=2", PACKED);

    double expected = padded.rows.get(0).values().get("eval_loss").doubleValue();
    assertThat(packed.rows.get(0).values().get("eval_loss").doubleValue())
        .isCloseTo(expected, within(1e-6 * expected));
  }

  /** The mask of the fixture with a window is for each document, not for the whole row. */
  @Test
  void aWindowNeedsAMaskOfEachDocument() throws IOException {
    SftRun run = new SftRun(folder, Fixture.MISTRAL_WINDOW.copyTo(folder), TRAINED);
    MemoryEstimate within = run.withRows(9, 9, 9, 9).check(PACKED).memory();
    MemoryEstimate beyond = run.withRows(12, 8, 8, 8).check(PACKED).memory();

    // Both are one row of 36 tokens; a mask has 4 + 3 bytes for each two positions.
    assertThat(within.batchTokens()).isEqualTo(beyond.batchTokens()).isEqualTo(36);
    assertThat(beyond.activationBytes() - within.activationBytes()).isEqualTo(36 * 12 * 7);
  }

  private SftRun run(Fixture fixture) throws IOException {
    return new SftRun(folder, fixture.copyTo(folder), TRAINED).withRows(40, 2, 17, 3, 28, 9, 5, 33);
  }
}
