package dev.polyphase.dpo;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.Judged;
import dev.polyphase.data.JudgedEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.pipelines.Batch;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Kto;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.prepared.JudgedFitting;
import dev.polyphase.prepared.JudgedRows;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.List;

/** Reads judged completions, and makes the objective of phases on them. */
record JudgedSource(RowReader reader) implements ObjectiveSource {
  @Override
  public List<String> notBuilt(Phase phase) {
    Batch batch = phase.batch();
    boolean oneRow =
        batch.microBatchSize() * batch.gradientAccumulationSteps() == 1 && !batch.samplePacking();
    return oneRow && phase.kto().lossType() == Kto.LossType.KTO
        ? List.of(
            "the loss kto holds each row against a step's others, and a step has one row; raise"
                + " micro_batch_size or gradient_accumulation_steps, or set kto.loss_type to"
                + " apo_zero_unpaired")
        : List.of();
  }

  @Override
  public ReadRows read(
      PhaseRequest request,
      String key,
      List<Dataset> datasets,
      RowModel model,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException {
    Phase phase = request.phase();
    PreparedRows<Judged> prepared =
        reader.judged(
            new RowReader.Asked(request.folder(), request.path(key), datasets, phase.rows()),
            new JudgedEncoders(
                model.vocabSize(), tokenizer, new ChatEncoder(tokenizer, request.chatTemplate())),
            listener);
    JudgedFitting fitting = new JudgedFitting(phase.batch().sequenceLen(), phase.excessLength());
    return new Rows(prepared, fitting.of(prepared, request.path(key)), phase);
  }

  private static final class Rows extends CompletionRows<Judged> {
    private final JudgedRows judged;
    private final Phase phase;

    Rows(PreparedRows<Judged> prepared, JudgedRows judged, Phase phase) {
      super(prepared, judged);
      this.judged = judged;
      this.phase = phase;
    }

    @Override
    public List<ShownRow> shown(int row) {
      return List.of(Judgement.shownJudged(judged.place(row), datasetOf(row), content(row)));
    }

    @Override
    public List<int[]> contentOf(int row) {
      Judged one = content(row);
      return List.of(one.prompt(), one.completion(), new int[] {one.desirable() ? 1 : 0});
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      return new Judgement(judged.of(chosen), mixture, phase);
    }
  }
}
