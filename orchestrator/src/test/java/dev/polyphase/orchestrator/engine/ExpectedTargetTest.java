package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.orchestrator.engine.ExpectedTarget.Certainty;
import dev.polyphase.orchestrator.engine.ExpectedTarget.TypeCount;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is said of a mixture of experts before a scan: six experts in each of three layers of four.
 */
class ExpectedTargetTest {
  @TempDir Path folder;

  @Test
  void expertsThatAreAlwaysTrainedAreOneLineAType() throws IOException {
    assertThat(
            counts(
                "{top_percent: 50, modules: [self_attn.q_proj],"
                    + " always_train: ['mlp.experts.*.down_proj', 'layers.1.self_attn.k_proj']}"))
        .containsExactly(
            new TypeCount("self_attn.q_proj", 2, 4, Certainty.EXACT),
            new TypeCount("mlp.experts.*.down_proj", 18, 18, Certainty.ALWAYS),
            new TypeCount("model.layers.1.self_attn.k_proj", 1, 1, Certainty.ALWAYS));
  }

  /** An expression makes each expert's matrices a type: a tenth of all 54 modules is taken. */
  @Test
  void ofWhatIsRankedTogetherNoTypeHasMoreThanTheRankingTakes() throws IOException {
    List<TypeCount> counts =
        counts("{top_percent: 10, ranking: global, always_train: [], modules: ['re:experts']}");
    assertThat(counts)
        .hasSize(3)
        .allSatisfy(
            count -> {
              assertThat(count.selected()).isEqualTo(5);
              assertThat(count.modules()).isEqualTo(18);
              assertThat(count.certainty()).isEqualTo(Certainty.AT_MOST);
            });
  }

  private List<TypeCount> counts(String targeting) throws IOException {
    Phase phase =
        PipelineReader.parse(
                """
                name: experts
                base_model: experts
                phases:
                  - {name: sft, type: sft, targeting: %s, datasets: [{path: a.jsonl}],
                     learning_rate: 1e-5, micro_batch_size: 4, sequence_len: 16}
                """
                    .formatted(targeting),
                "experts.yaml",
                List.of())
            .phases()
            .get(0);
    Checkpoint checkpoint = Checkpoint.open(FamilyModel.of("qwen3-moe").copyTo(folder));
    return ExpectedTarget.of(phase, checkpoint).types();
  }
}
