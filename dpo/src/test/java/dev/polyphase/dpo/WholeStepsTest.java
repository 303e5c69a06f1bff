package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step is its rows: into how many forward passes they are cut changes nothing. */
class WholeStepsTest {
  /** Ten rows of which the third step has two, so that steps of unequal passes are among them. */
  private static final int ROWS = 10;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dpo={loss_type: aot, beta: 0.5}",
        "dpo={loss_type: aot_unpaired, beta: 0.5}",
        "dpo={loss_type: [sigmoid, sft], loss_weights: [1, 0.5]}",
        "dpo={loss_type: [aot, sft]}",
        "dpo={loss_type: aot, reference: shared, prefix_sharing: true}",
        "dpo={loss_type: sigmoid, use_weighting: true}",
        "orpo={beta: 0.5}",
        "cpo={cpo_alpha: 1}",
        "kto={beta: 0.5}",
        "kto={beta: 0.5, reference: shared, desirable_weight: 2}"
      })
  void howAStepIsCutChangesNothing(String setting) throws IOException {
    String type = setting.substring(0, setting.indexOf('='));
    DpoRun run =
        new DpoRun(
            folder,
            Fixture.LLAMA.copyTo(folder),
            Set.of("model.layers.1.mlp.up_proj.weight", "lm_head.weight"));
    run = type.equals("kto") ? run.withJudged(ROWS) : run.withPairs(ROWS);

    RecordingListener whole = train(run, "whole", type, setting, 4, 1);
    RecordingListener halves = train(run, "halves", type, setting, 2, 2);
    RecordingListener thirds = train(run, "thirds", type, setting, 3, 2);

    ComparedRuns.assertClose(whole, halves, 1e-5);
    assertThat(ComparedRuns.largestDifference(folder.resolve("whole"), folder.resolve("halves")))
        .isLessThan(1e-6);
    // Other rows in a step are another step, or all of this would say nothing.
    assertThat(thirds.series("grad_norm")[1])
        .isNotCloseTo(whole.series("grad_norm")[1], within(1e-6));
  }

  private static RecordingListener train(
      DpoRun run, String result, String type, String setting, int rows, int passes)
      throws IOException {
    return run.train(
        result,
        Optional.empty(),
        Stream.of(
                "type=" + type,
                setting,
                "eval_datasets=[]",
                "adam_epsilon=0.01",
                "max_steps=4",
                "micro_batch_size=" + rows,
                "gradient_accumulation_steps=" + passes)
            .map(part -> "phases.one." + part)
            .toArray(String[]::new));
  }
}
