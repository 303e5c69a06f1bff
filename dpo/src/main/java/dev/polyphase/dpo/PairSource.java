package dev.polyphase.dpo;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.Pair;
import dev.polyphase.data.PairEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo.PrefixSharing;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.PairFitting;
import dev.polyphase.prepared.Pairs;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.List;

/** Reads pairs, and makes the objective of phases on them. */
record PairSource(RowReader reader) implements ObjectiveSource {
  @Override
  public List<String> notBuilt(Phase phase) {
    return List.of();
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
    if (PairSettings.prefixSharing(phase) == PrefixSharing.ON && !model.sharesPrefixes()) {
      throw new InputException(
          request.path("dpo.prefix_sharing")
              + ": on, but positions of the model, or of the reference, depend on how long a row"
              + " is, as rope_type dynamic and longrope have it, so that a prompt is another one"
              + " before each completion; leave it out, or set it to off");
    }
    PreparedRows<Pair> prepared =
        reader.pairs(
            new RowReader.Asked(request.folder(), request.path(key), datasets, phase.rows()),
            new PairEncoders(
                model.vocabSize(), tokenizer, new ChatEncoder(tokenizer, request.chatTemplate())),
            listener);
    PairFitting fitting = new PairFitting(phase.batch().sequenceLen(), phase.excessLength());
    return new Rows(
        prepared, fitting.of(prepared, request.path(key)), phase, model.sharesPrefixes());
  }

  private static final class Rows extends CompletionRows<Pair> {
    private final Pairs pairs;
    private final Phase phase;
    private final boolean sharesPrefixes;

    Rows(PreparedRows<Pair> prepared, Pairs pairs, Phase phase, boolean sharesPrefixes) {
      super(prepared, pairs);
      this.pairs = pairs;
      this.phase = phase;
      this.sharesPrefixes = sharesPrefixes;
    }

    @Override
    public List<ShownRow> shown(int row) {
      return List.of(Preference.shownPair(pairs.place(row), datasetOf(row), content(row)));
    }

    @Override
    public List<int[]> contentOf(int row) {
      Pair pair = content(row);
      return List.of(pair.prompt(), pair.chosen(), pair.rejected());
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      Pairs some = pairs.of(chosen);
      return new Preference(some, mixture, PairSettings.of(phase, some, sharesPrefixes));
    }
  }
}
