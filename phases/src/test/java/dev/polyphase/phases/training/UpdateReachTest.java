package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpdateReachTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path folder;

  @Test
  void ratesAreThoseOfTheSteps() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(20);

    Reach linear = run.check("phases.one.max_steps=4", "phases.one.lr_scheduler=linear").reach();
    assertThat(linear.highestRate()).isEqualTo(1e-3);
    assertThat(linear.rateSum()).isCloseTo(1e-3 * (1 + 0.75 + 0.5 + 0.25), within(1e-12));
    // The first rate of a warm-up is 0.
    Reach one = run.check("phases.one.max_steps=1", "phases.one.warmup_ratio=0.03").reach();
    assertThat(one.highestRate()).isZero();
    assertThat(one.rateSum()).isZero();
    assertThat(run.check("phases.one.max_steps=2", "phases.one.warmup_steps=1").reach())
        .extracting(Reach::highestRate, Reach::rateSum)
        .containsExactly(1e-3, 1e-3);
  }

  /** Two steps of Lion move a value by the rate each, by which half a spacing can be met. */
  @Test
  void whatMovesIsDecidedByHalfTheSpacing() throws IOException {
    // The spacing of bfloat16 is 2^-7 above 1, 2^-8 below it and 2^-10 above 1/8.
    HandMadeTensors.ofFloats(
            Checkpoint.open(Fixture.LLAMA.copyTo(folder)),
            (name, values) -> {
              for (int i = 0; i < values.length && name.equals(NORM); i++) {
                values[i] = i % 4 == 0 ? 1.5f : i % 4 == 1 ? 1f : i % 4 == 2 ? 0.125f : 0f;
              }
            })
        .writeTo(folder.resolve("tiny-llama"));
    SftRun run = new SftRun(folder, folder.resolve("tiny-llama"), Set.of(NORM)).withRows(20);

    assertMovable(run, 0x1p-8 * 1.01, 64);
    assertMovable(run, 0x1p-8 * 0.99, 48);
    assertMovable(run, 0x1p-9 * 0.99, 32);
    assertMovable(run, 0x1p-12 * 0.99, 16);
    Reach wide = run.check("phases.one.optimizer=lion", "phases.one.learning_rate=1e-5").reach();
    assertThat(wide.dtype()).isEqualTo("float32");
    assertThat(wide.movable()).isEqualTo(64).isEqualTo(wide.sampled());
  }

  private static void assertMovable(SftRun run, double moved, long expected) throws IOException {
    Reach reach =
        run.check(
                "phases.one.optimizer=lion",
                "save_dtype=bfloat16",
                "phases.one.learning_rate=" + moved / 2)
            .reach();
    assertThat(reach.farthest()).isCloseTo(moved, within(1e-12));
    assertThat(reach.dtype()).isEqualTo("bfloat16");
    assertThat(reach.sampled()).isEqualTo(64);
    assertThat(reach.movable()).isEqualTo(expected);
  }

  /** Whatever training moves was said to be movable. */
  @ParameterizedTest
  @CsvSource({
    "adamw, 1e-9",
    "adamw, 1e-3",
    "adamw_bf16, 1e-6",
    "adamw_8bit, 1e-6",
    "adafactor, 1e-7",
    "lion, 1e-6",
    "lion, 1e-9",
    "muon, 1e-6"
  })
  void nothingMovesThatCannot(String optimizer, String rate) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of(UP, NORM)).withRows(30, 12);
    String[] settings = {
      "phases.one.optimizer=" + optimizer,
      "phases.one.learning_rate=" + rate,
      "phases.one.weight_decay=0.1"
    };

    Reach reach = run.check(settings).reach();
    PhaseResult result = run.train("result", new RecordingListener(), settings);

    double movable = (double) reach.movable() / reach.sampled();
    assertThat((double) result.changedValues() / result.savedValues())
        // Of 10,240 values of the matrix 4,096 were looked at.
        .isLessThanOrEqualTo(movable + 0.02);
  }

  @ParameterizedTest
  @CsvSource({"1e-15, 0", "1e-2, 1"})
  void adaptersMoveWhatTheyAreMergedInto(String rate, double share) throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP).withRows(30);
    String[] settings = {
      "phases.one.targeting={method: parameters, unfrozen_parameters: [up_proj]}",
      "phases.one.adapter=lora",
      "phases.one.learning_rate=" + rate
    };

    Reach reach = run.check(settings).reach();
    PhaseResult result = run.train("result", new RecordingListener(), settings);

    assertThat(reach.sampled()).isEqualTo(4096);
    assertThat((double) reach.movable() / reach.sampled()).isCloseTo(share, within(0.02));
    assertThat((double) result.changedValues() / result.savedValues())
        .isLessThanOrEqualTo(share + 0.02);
    assertThat(Files.exists(folder.resolve("result"))).isTrue();
  }
}
