package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that a slip of the hand makes are refused where they are written. */
class BoundsTest {
  private static final String PIPELINE =
      """
      name: demo
      base_model: model
      phases:
        - name: one
          type: dpo
          targeting: {top_percent: 25}
          datasets: [{path: rows.jsonl}]
          learning_rate: 1.0e-5
          loss_watchdog_threshold: 1
          val_set_size: 1
          eval_steps: 1
          early_stopping_patience: 1
          adapter: {type: lora}
          engine: {type: trl}
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seed | 9223372036854775808",
        "pad_embeddings_to_multiple_of | 2147483647",
        "phases.one.targeting.top_percent | 1e-300",
        "phases.one.targeting.top_percent | 1e300",
        "phases.one.num_epochs | 1e300",
        "phases.one.max_steps | 1000000000000000000",
        "phases.one.max_tokens | 1e18",
        "phases.one.sequence_len | 2147483647",
        "phases.one.micro_batch_size | 2147483647",
        "phases.one.gradient_accumulation_steps | 2147483647",
        "phases.one.logging_steps | 2147483647",
        "phases.one.warmup_steps | 9223372036854775807",
        "phases.one.learning_rate | 1e30",
        "phases.one.lr_scheduler_kwargs.num_cycles | 1e30",
        "phases.one.adam_beta1 | 1",
        "phases.one.adam_beta2 | 0.99999999999999999",
        "phases.one.adam_epsilon | 1e-300",
        "phases.one.adam_epsilon | 1e30",
        "phases.one.weight_decay | 1e30",
        "phases.one.max_grad_norm | 1e300",
        "phases.one.neftune_noise_alpha | 1e30",
        "phases.one.val_set_size | 9223372036854775807",
        "phases.one.eval_steps | 9223372036854775807",
        "phases.one.early_stopping_patience | 2147483647",
        "phases.one.early_stopping_threshold | 1e300",
        "phases.one.loss_watchdog_threshold | 1e300",
        "phases.one.loss_watchdog_patience | 2147483647",
        "phases.one.save_steps | 9223372036854775807",
        "phases.one.save_minutes | 1e300",
        "phases.one.save_total_limit | 2147483647",
        "phases.one.datasets[0].weight | 1e300",
        "phases.one.max_bad_ratio | 1.5",
        "phases.one.dpo.beta | 1e300",
        "phases.one.dpo.label_smoothing | 0.5",
        "phases.one.dpo.discopop_tau | 0",
        "phases.one.dpo.f_alpha_divergence_coef | -101",
        "phases.one.dpo.ld_alpha | 1.5",
        "phases.one.engine.nodes | 4097",
        "phases.one.engine.processes_per_node | 4097",
        "phases.one.engine.checkpoint_steps | 2147483647",
        "phases.one.engine.heartbeat_timeout | 1e300",
        "phases.one.engine.retries | 2147483647",
        "phases.one.adapter.r | 20000000",
        "phases.one.adapter.alpha | 1e300",
      })
  void whatNoRunCanMeanIsRefused(String key, String value) {
    InputException refused =
        catchThrowableOfType(
            InputException.class,
            () -> PipelineReader.parse(PIPELINE, "demo.yaml", List.of(key + "=" + value)));

    assertThat(refused).as(key).isNotNull();
    assertThat(refused.getMessage())
        .startsWith("--set " + key + "=" + value + ": ")
        .contains(": is " + value + "; give a ")
        .hasLineCount(1);
  }

  /** The schema is made from what the readers ask for. */
  @Test
  void everyNumberOfTheLanguageHasBothEnds() throws IOException {
    JsonNode schema = new ObjectMapper().readTree(PipelineSchema.json());
    List<JsonNode> numbers = new ArrayList<>();
    List<JsonNode> endless = new ArrayList<>();
    for (JsonNode owner : schema.findParents("type")) {
      String types = owner.get("type").toString();
      boolean text = owner.has("minLength");
      if ((types.contains("\"number\"") || types.contains("\"integer\"")) && !text) {
        numbers.add(owner);
        boolean below = owner.has("minimum") || owner.has("exclusiveMinimum");
        boolean above = owner.has("maximum") || owner.has("exclusiveMaximum");
        if (!below || !above) {
          endless.add(owner);
        }
      }
    }
    assertThat(numbers).hasSizeGreaterThan(40);
    assertThat(endless).isEmpty();
  }
}
