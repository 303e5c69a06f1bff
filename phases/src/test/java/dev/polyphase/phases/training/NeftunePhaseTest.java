package dev.polyphase.phases.training;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A phase with {@code neftune_noise_alpha}. */
class NeftunePhaseTest {
  private static final String NOISE = "phases.one.neftune_noise_alpha=10";

  @TempDir Path folder;
  private SftRun run = new SftRun(Path.of(""), Path.of(""), Set.of());

  @BeforeEach
  void modelAndRows() throws IOException {
    run =
        new SftRun(
                folder,
                Fixture.LLAMA.copyTo(folder),
                Set.of("model.embed_tokens.weight", "model.layers.1.mlp.up_proj.weight"))
            .withRows(30, 12, 21);
  }

  @Test
  void alphaZeroIsNoNoise() throws IOException {
    RecordingListener without = train("without");
    RecordingListener zero = train("zero", "phases.one.neftune_noise_alpha=0");

    assertThat(zero.series("loss")).isEqualTo(without.series("loss"));
    assertSameWeights("zero", "without");
  }

  @Test
  void theSameSeedMakesTheSameNoise() throws IOException {
    RecordingListener first = train("first", NOISE);
    RecordingListener second = train("second", NOISE);

    assertThat(second.series("loss")).isEqualTo(first.series("loss"));
    assertSameWeights("first", "second");
    double[] loss = first.series("loss");
    assertThat(train("without").series("loss")[0]).isNotCloseTo(loss[0], within(1e-4));
    assertThat(train("other", NOISE, "seed=43").series("loss")[0])
        .isNotCloseTo(loss[0], within(1e-5));
  }

  @Test
  void blocksThatAreComputedAgainSeeTheSameNoise() throws IOException {
    RecordingListener kept = train("kept", NOISE, "phases.one.gradient_checkpointing=false");
    RecordingListener again = train("again", NOISE, "phases.one.gradient_checkpointing=true");

    for (String figure : new String[] {"loss", "grad_norm"}) {
      for (int step = 0; step < 4; step++) {
        double value = kept.series(figure)[step];
        assertThat(again.series(figure)[step]).isCloseTo(value, within(1e-5 * value));
      }
    }
  }

  @Test
  void heldOutRowsHaveNone() throws IOException {
    String[] evaluated = {
      "phases.one.eval_datasets=[{path: others.jsonl}]", "phases.one.learning_rate=1e-12"
    };
    RecordingListener noisy = train("noisy", append(evaluated, NOISE));
    RecordingListener quiet = train("quiet", evaluated);

    for (int row : new int[] {0, 5}) {
      assertThat(noisy.rows.get(row).values().get("eval_loss").doubleValue())
          .isCloseTo(quiet.rows.get(row).values().get("eval_loss").doubleValue(), within(1e-6));
    }
    // With as good as no training each step on a row would have the same loss.
    double loss = noisy.rows.get(1).values().get("loss").doubleValue();
    assertThat(noisy.rows.get(4).values().get("loss").doubleValue())
        .as("the first row again, in the second epoch")
        .isNotCloseTo(loss, within(1e-5));
    assertThat(quiet.rows.get(4).values().get("loss").doubleValue())
        .isCloseTo(quiet.rows.get(1).values().get("loss").doubleValue(), within(1e-6));
  }

  private RecordingListener train(String result, String... settings) throws IOException {
    RecordingListener heard = new RecordingListener();
    run.train(result, heard, append(settings, "phases.one.max_steps=4"));
    return heard;
  }

  private static String[] append(String[] settings, String last) {
    return Stream.concat(Arrays.stream(settings), Stream.of(last)).toArray(String[]::new);
  }

  private void assertSameWeights(String one, String other) throws IOException {
    assertSameBytes(
        folder.resolve(one).resolve("model.safetensors"),
        folder.resolve(other).resolve("model.safetensors"));
  }
}
