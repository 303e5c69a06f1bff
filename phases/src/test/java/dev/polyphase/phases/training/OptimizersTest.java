package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhaseResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Optimisers and schedulers as a pipeline file chooses them. */
class OptimizersTest {
  /** A matrix of 160 x 64, a norm of 64, a head of 272 x 64. */
  private static final Set<String> TRAINED =
      Set.of(
          "model.layers.2.mlp.up_proj.weight",
          "model.layers.3.input_layernorm.weight",
          "lm_head.weight");

  @TempDir Path folder;

  /** Ten steps on one row; the rates are those that each is used with, or above. */
  @ParameterizedTest
  @CsvSource({
    "adamw_torch, 3e-3, 221696",
    "adamw_bf16, 3e-3, 110848",
    // 40 and 68 blocks of twice 260 bytes.
    "adamw_bnb_8bit, 3e-3, 56672",
    "adafactor, 3e-3, 2496",
    "lion_32bit, 1e-3, 110848",
    "muon, 3e-3, 180736"
  })
  void eachLearnsARow(String optimizer, String rate, long stateBytes) throws IOException {
    SftRun run = llama().withRows(40);
    String[] settings = {
      "phases.one.optimizer=" + optimizer,
      "phases.one.learning_rate=" + rate,
      "phases.one.max_steps=10"
    };
    RecordingListener heard = new RecordingListener();

    assertThat(run.check(settings).memory().optimizerBytes()).isEqualTo(stateBytes);
    PhaseResult result = run.train("result", heard, settings);

    double[] losses = heard.series("loss");
    for (int step = 1; step < losses.length; step++) {
      assertThat(losses[step]).as("step %d", step).isLessThan(losses[step - 1]);
    }
    assertThat(losses[9]).isLessThan(0.97 * losses[0]);
    assertThat(result.changedValues()).isGreaterThan(result.trainedValues() * 9 / 10);
  }

  /** Of a phase that draws nothing else by the seed. */
  @Test
  void momentsInBfloat16AreRoundedByThePipelinesSeed() throws IOException {
    double[] losses = losses("first", "adamw_bf16", 1);

    assertThat(losses("again", "adamw_bf16", 1)).isEqualTo(losses);
    assertThat(losses("other", "adamw_bf16", 2)).isNotEqualTo(losses);
    assertThat(losses("float32", "adamw", 1)).isEqualTo(losses("float32-other", "adamw", 2));
  }

  private double[] losses(String result, String optimizer, int seed) throws IOException {
    RecordingListener heard = new RecordingListener();
    llama()
        .withRows(8)
        .train(
            result,
            heard,
            "seed=" + seed,
            "phases.one.optimizer=" + optimizer,
            "phases.one.learning_rate=3e-3",
            "phases.one.max_steps=4",
            "phases.one.shuffle=false");
    return heard.series("loss");
  }

  /** From the file's keys to the rates that are logged: closed forms of a phase of six steps. */
  @Test
  void theSchedulersSettingsReachTheSteps() throws IOException {
    assertThat(
            rates(
                "first",
                "lr_scheduler=polynomial",
                "lr_scheduler_kwargs={lr_end: 0.0004, power: 2}"))
        .containsExactly(
            new double[] {
              1e-3,
              4e-4 + 6e-4 * 25 / 36,
              4e-4 + 6e-4 * 16 / 36,
              4e-4 + 6e-4 * 9 / 36,
              4e-4 + 6e-4 * 4 / 36,
              4e-4 + 6e-4 / 36
            },
            within(1e-15));
    assertThat(
            rates(
                "second",
                "lr_scheduler=warmup_stable_decay",
                "warmup_steps=2",
                "lr_scheduler_kwargs={num_decay_steps: 2, decay_type: linear}"))
        .containsExactly(new double[] {0, 5e-4, 1e-3, 1e-3, 1e-3, 5e-4}, within(1e-15));
  }

  private double[] rates(String result, String... settings) throws IOException {
    RecordingListener heard = new RecordingListener();
    String[] keys = new String[settings.length + 1];
    keys[0] = "phases.one.max_steps=6";
    for (int i = 0; i < settings.length; i++) {
      keys[i + 1] = "phases.one." + settings[i];
    }
    llama().withRows(8).train(result, heard, keys);
    return heard.series("learning_rate");
  }

  private SftRun llama() throws IOException {
    Path base = folder.resolve("tiny-llama");
    if (!base.toFile().exists()) {
      Fixture.LLAMA.copyTo(folder);
    }
    return new SftRun(folder, base, TRAINED);
  }
}
