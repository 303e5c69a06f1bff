package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dpo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardWatchTest {
  private static final int TOKENS = 30;
  private static final double BETA = 0.1;
  private static final LossProgram SIGMOID = LossProgram.of(new Dpo(BETA, Dpo.LossType.SIGMOID, 0));

  private final List<String> notes = new ArrayList<>();

  /** Rewards of completions, on average. */
  private record Rewards(double chosen, double rejected) {}

  /** The rewards that a training run was reported with after 500 and after 1000 steps. */
  @Test
  void reportedCollapseIsSaid() {
    // github.com/eric-mitchell/direct-preference-optimization/issues/36
    List<Rewards> reported = List.of(new Rewards(-2.3276, -9.3534), new Rewards(-2.4493, -10.9479));
    RewardWatch watch = new RewardWatch(SIGMOID, true, 0, notes::add);
    Random random = new Random(1);
    for (Rewards rewards : reported) {
      hear(watch, RewardWatch.LEAST_STEPS, rewards, rewards, 0.05, random);
    }

    assertThat(notes).hasSize(2);
    // 2.3276 / 0.1 nats over 30 tokens: exp(0.776) = 2.2.
    assertThat(notes.get(0))
        .startsWith("the chosen completions have become improbable: over the last 20 steps")
        .contains("is 0.78 lower on average than when the phase began")
        .contains("each 2.2 times less probable")
        .contains("[sigmoid, sft]", "lower learning_rate", "larger dpo.beta");
    assertThat(notes.get(1))
        .startsWith("rewards/chosen and rewards/rejected both fall, to -2.4")
        .contains(" and -10.9");
  }

  @Test
  void eachIsSaidOnce() {
    RewardWatch watch = new RewardWatch(SIGMOID, true, 0, notes::add);

    hear(watch, 400, new Rewards(0, 0), new Rewards(-20, -60), 0.5, new Random(2));

    assertThat(notes).hasSize(2);
    assertThat(notes.get(0)).contains("both fall");
    assertThat(notes.get(1)).contains("improbable");
  }

  @Test
  void nothingIsSaidOfARunThatTellsThemApart() {
    RewardWatch watch = new RewardWatch(SIGMOID, true, 0, notes::add);

    hear(watch, 400, new Rewards(0, 0), new Rewards(0.8, -2), 0.5, new Random(3));

    assertThat(notes).isEmpty();
  }

  /** Pairs differ much more than what is learned of them in few steps. */
  @Test
  void nothingIsSaidOfWhatChanceMakes() {
    for (int seed = 0; seed < 50; seed++) {
      RewardWatch watch = new RewardWatch(SIGMOID, true, 0, notes::add);
      hear(watch, 1000, new Rewards(0, 0), new Rewards(0, 0), 1, new Random(seed));
    }

    assertThat(notes).isEmpty();
  }

  /** Without a reference log-probabilities are low from the first step on. */
  @Test
  void withoutAReferenceTheFirstStepsAreTheMeasure() {
    LossProgram cpo = LossProgram.of(new Cpo(BETA, Cpo.LossType.SIGMOID, 0, 1));
    RewardWatch still = new RewardWatch(cpo, false, 0, notes::add);
    hear(still, 400, new Rewards(-6, -6), new Rewards(-5.8, -9), 0.5, new Random(4));
    assertThat(notes).isEmpty();

    RewardWatch falling = new RewardWatch(cpo, false, 0, notes::add);
    hear(falling, 400, new Rewards(-6, -6), new Rewards(-12, -30), 0.5, new Random(4));
    assertThat(notes).hasSize(2);
    assertThat(notes.get(1)).contains("than in the first steps", "cpo_alpha");
  }

  @Test
  void windowsHaveATenthOfThePairs() {
    RewardWatch watch = new RewardWatch(SIGMOID, true, 4000, notes::add);

    hear(watch, 99, new Rewards(-5, -5), new Rewards(-5, -5), 0, new Random(5));
    assertThat(notes).isEmpty();

    hear(watch, 1, new Rewards(-5, -5), new Rewards(-5, -5), 0, new Random(5));
    assertThat(notes).hasSize(1);
    assertThat(notes.get(0)).contains("over the last 100 steps");
  }

  /** A loss that lowers chosen completions, with a high learning rate and with none to speak of. */
  @Test
  void phaseSaysIt(@TempDir Path folder) throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(6);
    String[] settings = {
      "phases.one.micro_batch_size=2",
      "phases.one.gradient_accumulation_steps=1",
      "phases.one.dpo.loss_type=apo_down",
      "phases.one.max_steps=60",
      "phases.one.learning_rate=1e-2"
    };

    List<String> lowered = run.train("lowered/model", Optional.empty(), settings).notes;
    settings[4] = "phases.one.learning_rate=1e-9";
    List<String> kept = run.train("kept/model", Optional.empty(), settings).notes;

    assertThat(lowered).filteredOn(note -> note.contains("improbable")).hasSize(1);
    assertThat(kept).noneMatch(note -> note.contains("improbable") || note.contains("both fall"));
  }

  /** Steps of four pairs, whose mean rewards go from some to others in a straight line. */
  private static void hear(
      RewardWatch watch, int steps, Rewards from, Rewards to, double spread, Random random) {
    for (int step = 0; step < steps; step++) {
      double share = (double) step / steps;
      RewardWatch.Sums sums = RewardWatch.Sums.NONE;
      for (int pair = 0; pair < 4; pair++) {
        double chosen =
            from.chosen + share * (to.chosen - from.chosen) + spread * random.nextGaussian();
        double rejected =
            from.rejected + share * (to.rejected - from.rejected) + spread * random.nextGaussian();
        sums = sums.plus(RewardWatch.Sums.of(chosen, rejected, chosen / BETA, TOKENS));
      }
      watch.hear(sums);
    }
  }
}
