package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.Fields;
import dev.polyphase.pipelines.Kto;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.Roles;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.Simpo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Defaults of the language, restated: a test that took them from the code would prove nothing. */
final class RestatedDefaults {
  static final List<String> MODEL_PROJECTIONS = List.of("projections");
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
      new Dpo(
          0.1,
          List.of(Dpo.LossType.SIGMOID),
          List.of(),
          0,
          0.05,
          Dpo.FDivergence.REVERSE_KL,
          0.5,
          OptionalDouble.empty(),
          false,
          new Reference.Precomputed(),
          Dpo.PrefixSharing.AUTO);
  static final Kto KTO = new Kto(0.1, Kto.LossType.KTO, 1, 1, new Reference.Precomputed());
  static final Cpo CPO = new Cpo(0.1, Cpo.LossType.SIGMOID, 0, 1);
  static final Orpo ORPO = new Orpo(0.1);
  static final Simpo SIMPO = new Simpo(2, 1, 0, 0, 0);

  private RestatedDefaults() {}
}
