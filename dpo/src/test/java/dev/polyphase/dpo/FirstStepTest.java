package dev.polyphase.dpo;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A policy that has not moved prefers nothing, to the last bit: what a first step logs is no
 * rounding noise, whatever the rows' order and lengths.
 */
class FirstStepTest {
  @TempDir Path folder;

  @Test
  void prefersNothing() throws IOException {
    RecordingListener heard = llama().train("result", Optional.empty());

    MetricsRow before = heard.rows.get(0);
    assertThat(before.values().get("eval_rewards/margins")).isEqualTo(0.0);
    assertThat(before.values().get("eval_rewards/accuracies")).isEqualTo(0.0);
    MetricsRow first = heard.rows.get(1);
    assertThat(first.values().get("loss").doubleValue()).isCloseTo(Math.log(2), within(1e-15));
    for (String figure : List.of("chosen", "rejected", "margins", "accuracies")) {
      assertThat(first.values().get("rewards/" + figure)).as(figure).isEqualTo(0.0);
    }
    assertThat(heard.rows.get(2).values().get("rewards/accuracies").doubleValue()).isPositive();
  }

  /** The reference's pass, evaluation and steps with the blocks in one place, and in two. */
  @Test
  void whereTheBlocksAreChangesNothing() throws IOException {
    DpoRun run = llama();
    RecordingListener one = run.train("one", Optional.empty());
    RecordingListener two = run.train("two", Optional.empty(), "device=[cpu, cpu]");

    assertThat(two.figures()).isEqualTo(one.figures()).hasSize(4);
    assertSameBytes(
        folder.resolve("two/model.safetensors"), folder.resolve("one/model.safetensors"));
  }

  private DpoRun llama() throws IOException {
    return new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(20);
  }
}
