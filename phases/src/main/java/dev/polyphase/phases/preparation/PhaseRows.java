package dev.polyphase.phases.preparation;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.batches.ValidationSplit;
import dev.polyphase.phases.objective.EqualRows;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A phase's rows. None of those to train on is equal to one of those held out.
 *
 * @param datasets all rows of {@code datasets}
 * @param evalDatasets all rows of {@code eval_datasets}; empty where there are none
 * @param training those to train on
 * @param counts what became of the rows of the training data
 * @param countsByDataset the same of each dataset, by what metrics call it
 * @param heldOut those to evaluate, or null
 * @param heldOutCounts likewise of the held-out data; null where there is none
 */
public record PhaseRows(
    ReadRows datasets,
    Optional<ReadRows> evalDatasets,
    Objective training,
    DataCounts counts,
    Map<String, DataCounts> countsByDataset,
    @Nullable Objective heldOut,
    @Nullable DataCounts heldOutCounts) {

  /**
   * Reads them all.
   *
   * @param model that will compute them
   * @param listener hears of each row
   * @throws InputException naming what is wrong with them
   */
  public static PhaseRows read(
      ObjectiveSource source,
      PhaseRequest request,
      RowModel model,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException {
    Phase phase = request.phase();
    List<Dataset> others = phase.evaluation().evalDatasets();
    refuseWeights(others, request.path("eval_datasets"));
    Mixture mixture = Mixture.of(phase, request.path("datasets"), request.pipeline().seed());
    Sifted rows =
        Sifted.of(
            source.read(request, "datasets", phase.datasets(), model, tokenizer, listener), phase);
    Optional<Amount> valSetSize = phase.evaluation().valSetSize();
    if (valSetSize.isPresent()) {
      return split(rows, valSetSize.get(), mixture, request);
    }
    if (others.isEmpty()) {
      Objective training = rows.objective(rows.kept, mixture);
      return new PhaseRows(
          rows.all,
          Optional.empty(),
          training,
          rows.counts(training, 0),
          rows.byDataset(training, null, rows.kept),
          null,
          null);
    }
    Sifted heldOut =
        Sifted.of(source.read(request, "eval_datasets", others, model, tokenizer, listener), phase);
    int[] trained =
        Arrays.stream(rows.kept).filter(row -> !heldOut.equal.contains(rows.all, row)).toArray();
    if (trained.length == 0) {
      throw new InputException(
          "%s: all %,d rows of datasets are among these, which leaves none to train on; hold out others"
              .formatted(request.path("eval_datasets"), rows.kept.length));
    }
    Objective training = rows.objective(trained, mixture);
    Objective evaluated = heldOut.objective(heldOut.kept, Mixture.EACH_ONCE);
    return new PhaseRows(
        rows.all,
        Optional.of(heldOut.all),
        training,
        rows.counts(training, rows.kept.length - trained.length),
        rows.byDataset(training, null, trained),
        evaluated,
        heldOut.counts(evaluated, 0));
  }

  /** Goes through the rows that are wrong, those of the training data first. */
  public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
    datasets.rejected(handler);
    if (evalDatasets.isPresent()) {
      evalDatasets.get().rejected(handler);
    }
  }

  /** The first rows that are wrong. */
  public List<Problem> firstRejected(int most) throws IOException {
    List<Problem> first = new ArrayList<>();
    if (counts.badRows() > 0 || evalDatasets.isPresent()) {
      rejected(
          row -> {
            if (first.size() < most) {
              first.add(new Problem(row.place(), row.sentence()));
            }
          });
    }
    return first;
  }

  /** What tells its rows from those of other phases. */
  public RowHashes hashes() {
    return new RowHashes(training.hashes(), heldOut == null ? new long[0] : heldOut.hashes());
  }

  private static void refuseWeights(List<Dataset> heldOut, String key) {
    for (int i = 0; i < heldOut.size(); i++) {
      if (heldOut.get(i).weight() != 1) {
        throw new InputException(
            "%s[%d].weight: %s, but each held-out row is evaluated once; leave it out"
                .formatted(key, i, heldOut.get(i).weight()));
      }
    }
  }

  private static PhaseRows split(
      Sifted rows, Amount valSetSize, Mixture mixture, PhaseRequest request) {
    String key = request.path("val_set_size");
    int count = rows.kept.length;
    long size = valSetSize.of(count);
    if (size >= count) {
      throw new InputException(
          "%s: holds out %,d of the %,d rows of datasets, which leaves none to train on; hold out fewer"
              .formatted(key, size, count));
    }
    int[] firstEqual = rows.firstEqual();
    if (Arrays.stream(firstEqual).allMatch(first -> first == firstEqual[0])) {
      throw new InputException(
          "%s: the %,d rows of datasets are all equal, so that none can be held out that is not trained on; leave it out"
              .formatted(key, count));
    }
    ValidationSplit split = ValidationSplit.of(firstEqual, (int) size, request.pipeline().seed());
    Objective heldOut = rows.objective(rows.keptAt(split.heldOut()), Mixture.EACH_ONCE);
    Objective training = rows.objective(rows.keptAt(split.training()), mixture);
    return new PhaseRows(
        rows.all,
        Optional.empty(),
        training,
        rows.all
            .counts()
            .without(heldOut.counts())
            .leaving(training.counts(), rows.duplicates(), 0),
        rows.byDataset(training, heldOut, rows.kept),
        heldOut,
        heldOut.counts());
  }

  /**
   * Rows that were read, and which of them there are to train on or to hold out.
   *
   * @param kept their numbers, ascending: all, or without those that are equal to one before them
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Sifted(ReadRows all, EqualRows equal, int[] kept) {
    static Sifted of(ReadRows all, Phase phase) {
      EqualRows equal = new EqualRows(all);
      int[] firsts = equal.firsts();
      boolean each = !phase.rows().deduplicate();
      return new Sifted(
          all,
          equal,
          IntStream.range(0, firsts.length).filter(row -> each || firsts[row] == row).toArray());
    }

    /** For each of the kept rows which of them is the first that is equal to it. */
    int[] firstEqual() {
      boolean each = kept.length == all.count();
      return each ? equal.firsts() : IntStream.range(0, kept.length).toArray();
    }

    int[] keptAt(int[] places) {
      return Arrays.stream(places).map(place -> kept[place]).toArray();
    }

    long duplicates() {
      return equal.duplicates();
    }

    Objective objective(int[] chosen, Mixture mixture) {
      return all.objective(chosen, mixture);
    }

    /**
     * The counts of each dataset.
     *
     * @param heldOut those of its rows that are counted elsewhere, or null
     * @param chosen which of the kept rows are not left out as held out too
     */
    Map<String, DataCounts> byDataset(
        Objective training, @Nullable Objective heldOut, int[] chosen) {
      Map<String, Long> duplicates = new HashMap<>();
      int[] firsts = equal.firsts();
      for (int row = 0; row < firsts.length; row++) {
        if (firsts[row] != row) {
          duplicates.merge(all.datasetOf(row), 1L, Long::sum);
        }
      }
      Map<String, Long> alsoHeldOut = new HashMap<>();
      Arrays.stream(kept).forEach(row -> alsoHeldOut.merge(all.datasetOf(row), 1L, Long::sum));
      Arrays.stream(chosen).forEach(row -> alsoHeldOut.merge(all.datasetOf(row), -1L, Long::sum));
      Map<String, DataCounts> held = heldOut == null ? Map.of() : heldOut.countsByDataset();
      Map<String, DataCounts> trained = training.countsByDataset();
      Map<String, DataCounts> counts = new LinkedHashMap<>();
      all.countsByDataset()
          .forEach(
              (name, read) ->
                  counts.put(
                      name,
                      read.without(held.getOrDefault(name, DataCounts.NONE))
                          .leaving(
                              trained.getOrDefault(name, DataCounts.NONE),
                              duplicates.getOrDefault(name, 0L),
                              alsoHeldOut.getOrDefault(name, 0L))));
      return counts;
    }

    DataCounts counts(Objective chosen, long alsoHeldOut) {
      return all.counts().leaving(chosen.counts(), duplicates(), alsoHeldOut);
    }
  }
}
