package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.Fields;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Roles;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.Saving;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Defaults of the language, restated: a test that took them from the code would prove nothing. */
final class RestatedDefaults {
  static final List<String> SEVEN_PROJECTIONS =
      List.of(
          "self_attn.q_proj",
          "self_attn.k_proj",
          "self_attn.v_proj",
          "self_attn.o_proj",
          "mlp.gate_proj",
          "mlp.up_proj",
          "mlp.down_proj");
  static final List<String> HEAD_AND_EMBEDDINGS = List.of("lm_head", "embed_tokens");
  static final Dataset ROWS_AS_THEY_ARE =
      new Dataset(
          "rows.jsonl",
          Dataset.RowType.AUTO,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          1,
          List.of(),
          Map.of(),
          new Fields(
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              Optional.empty()),
          new Roles(List.of(), List.of(), List.of(), List.of()),
          new LossOn(false, List.of("assistant"), LossOn.Ends.TURN, false));
  static final Rows ROWS =
      new Rows(Optional.empty(), Rows.MixBy.PASSES, false, Optional.empty(), 0.01, false);
  static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0);
  static final Evaluation AT_THE_ENDS =
      new Evaluation(List.of(), Optional.empty(), Optional.empty(), Optional.empty(), false);
  static final Saving EVERY_HALF_HOUR = new Saving(Optional.empty(), 30, 2);
  static final Dpo SIGMOID =
      new Dpo(0.1, Dpo.LossType.SIGMOID, 0, 0.05, new Dpo.Reference.Precomputed());

  private RestatedDefaults() {}
}
