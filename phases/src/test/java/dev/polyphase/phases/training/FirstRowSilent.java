package dev.polyphase.phases.training;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Another objective, but no token of the first row carries loss. */
record FirstRowSilent(ObjectiveSource other) implements ObjectiveSource {

  @Override
  public List<String> notBuilt(Phase phase) {
    return other.notBuilt(phase);
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
    return new Rows(other.read(request, key, datasets, model, tokenizer, listener));
  }

  private record Rows(ReadRows other) implements ReadRows {
    @Override
    public int count() {
      return other.count();
    }

    @Override
    public DataCounts counts() {
      return other.counts();
    }

    @Override
    public Map<String, DataCounts> countsByDataset() {
      return other.countsByDataset();
    }

    @Override
    public String datasetOf(int row) {
      return other.datasetOf(row);
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      other.rejected(handler);
    }

    @Override
    public List<ShownRow> shown(int row) {
      return other.shown(row);
    }

    @Override
    public long hashOf(int row) {
      return other.hashOf(row);
    }

    @Override
    public List<int[]> contentOf(int row) {
      return other.contentOf(row);
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      return new Some(other.objective(chosen, mixture));
    }
  }

  private record Some(Objective other) implements Objective {
    @Override
    public List<ShownRow> contents(int row) {
      return other.contents(row);
    }

    @Override
    public int[] tokensOfRow() {
      return other.tokensOfRow();
    }

    @Override
    public BatchSize batchSize(int[] rows) {
      return other.batchSize(rows);
    }

    @Override
    public List<Place> places(int[] rows) {
      return other.places(rows);
    }

    @Override
    public Set<Integer> learned(Set<Integer> ids) {
      return other.learned(ids);
    }

    @Override
    public DataCounts counts() {
      return other.counts();
    }

    @Override
    public Map<String, DataCounts> countsByDataset() {
      return other.countsByDataset();
    }

    @Override
    public List<DatasetShare> shares() {
      return other.shares();
    }

    @Override
    public long[] hashes() {
      return other.hashes();
    }

    @Override
    public String fingerprint() {
      return other.fingerprint();
    }

    @Override
    public void begin(Beginning start) throws IOException {
      other.begin(start);
    }

    @Override
    public ObjectiveStep step(List<int[]> microBatches) {
      List<MicroBatch> batches = new ArrayList<>(other.step(microBatches).microBatches());
      for (int i = 0; i < batches.size(); i++) {
        if (microBatches.get(i)[0] == 0) {
          batches.set(i, new Silent(batches.get(i)));
        }
      }
      return ObjectiveStep.of(batches);
    }
  }

  private record Silent(MicroBatch other) implements MicroBatch {
    @Override
    public TokenBatch tokens() {
      TokenBatch all = other.tokens();
      int[] none = new int[0];
      return new TokenBatch(all.ids(), all.batch(), all.seq(), all.tokens(), none, none);
    }

    @Override
    public int weight() {
      return 0;
    }

    @Override
    public Loss loss() {
      return other.loss();
    }

    @Override
    public Outcome outcome(double[] found) {
      return other.outcome(found);
    }
  }
}
