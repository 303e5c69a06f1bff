package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Losses are where the head is, in double precision whatever the model computes in. */
class PlacesAndPrecisionsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "dpo; {loss_type: [aot, sft]}",
        "dpo; {reference: shared, use_weighting: true, prefix_sharing: true}",
        "kto; {}",
        "kto; {reference: shared}",
        "orpo; {}"
      })
  void stepsAreThoseOfOnePlaceAndNearlyThoseOf16Bits(String type, String settings)
      throws IOException {
    DpoRun run =
        new DpoRun(
            folder,
            Fixture.LLAMA.copyTo(folder),
            Set.of("model.layers.1.mlp.up_proj.weight", "lm_head.weight"));
    run = type.equals("kto") ? run.withJudged(12) : run.withPairs(12);

    RecordingListener one = train(run, "one", type, settings);
    RecordingListener two = train(run, "two", type, settings, "device=[cpu, cpu]");
    RecordingListener brief = train(run, "brief", type, settings, "dtype=bfloat16");

    assertThat(two.figures()).isEqualTo(one.figures());
    ComparedRuns.assertSameWeights(folder.resolve("one"), folder.resolve("two"));
    for (String figure : List.of("loss", "grad_norm", "logps/chosen", "logps/rejected")) {
      double[] wanted = one.series(figure);
      double[] found = brief.series(figure);
      for (int step = 0; step < wanted.length; step++) {
        assertThat(found[step])
            .as("%s of step %d", figure, step + 1)
            .isCloseTo(wanted[step], within(0.03 * Math.abs(wanted[step])));
      }
    }
  }

  private static RecordingListener train(
      DpoRun run, String result, String type, String settings, String... further)
      throws IOException {
    return run.train(
        result,
        Optional.empty(),
        Stream.concat(
                Stream.of(further),
                Stream.of("type=" + type, type + "=" + settings, "eval_datasets=[]")
                    .map(part -> "phases.one." + part))
            .toArray(String[]::new));
  }
}
