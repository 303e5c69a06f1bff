package dev.polyphase.dpo;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.data.PairEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowHash;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.prepared.PairFitting;
import dev.polyphase.prepared.Pairs;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Map;

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
      int vocabSize,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException {
    Phase phase = request.phase();
    PreparedRows<Pair> prepared =
        reader.pairs(
            new RowReader.Asked(request.folder(), request.path(key), datasets, phase.rows()),
            new PairEncoders(
                vocabSize, tokenizer, new ChatEncoder(tokenizer, request.chatTemplate())),
            listener);
    PairFitting fitting = new PairFitting(phase.batch().sequenceLen(), phase.excessLength());
    return new Rows(prepared, fitting.of(prepared, request.path(key)), phase);
  }

  private record Rows(PreparedRows<Pair> prepared, Pairs pairs, Phase phase) implements ReadRows {
    @Override
    public int count() {
      return pairs.rows().size();
    }

    @Override
    public DataCounts counts() {
      return pairs.counts();
    }

    @Override
    public Map<String, DataCounts> countsByDataset() {
      return DataCounts.byName(pairs.names(), pairs.countsByDataset());
    }

    @Override
    public String datasetOf(int row) {
      return pairs.names().get(pairs.datasetOf(row));
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      prepared.rejected(handler);
    }

    @Override
    public List<ShownRow> shown(int row) {
      Pair pair = pairs.rows().get(row);
      return List.of(
          new ShownRow.Pair(
              pairs.place(row), datasetOf(row), pair.prompt(), pair.chosen(), pair.rejected()));
    }

    @Override
    public long hashOf(int row) {
      return pairs.isPart(row) ? RowHash.of(contentOf(row)) : pairs.hashOf(row);
    }

    @Override
    public List<int[]> contentOf(int row) {
      Pair pair = pairs.rows().get(row);
      return List.of(pair.prompt(), pair.chosen(), pair.rejected());
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      Pairs some = pairs.of(chosen);
      return new Preference(some, mixture, PairSettings.of(phase, some));
    }
  }
}
