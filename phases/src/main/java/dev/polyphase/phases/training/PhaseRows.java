package dev.polyphase.phases.training;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.ValidationSplit;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A phase's rows.
 *
 * @param training those to train on
 * @param counts what became of the rows of the training data
 * @param heldOut those to evaluate, or null
 * @param heldOutCounts likewise of the held-out data; null where there is none
 */
record PhaseRows(
    Objective training,
    DataCounts counts,
    @Nullable Objective heldOut,
    @Nullable DataCounts heldOutCounts) {

  /**
   * Reads them all.
   *
   * @param vocabSize ids are below it
   * @param listener hears of each row
   * @throws InputException naming what is wrong with them
   */
  static PhaseRows read(
      ObjectiveSource source,
      PhaseRequest request,
      int vocabSize,
      LazyTokenizer tokenizer,
      ReadingListener listener)
      throws IOException {
    ReadRows rows =
        source.read(
            request, "datasets", request.phase().datasets(), vocabSize, tokenizer, listener);
    Optional<Amount> valSetSize = request.phase().evaluation().valSetSize();
    if (valSetSize.isPresent()) {
      return split(rows, valSetSize.get(), request);
    }
    List<Dataset> others = request.phase().evaluation().evalDatasets();
    if (others.isEmpty()) {
      return new PhaseRows(all(rows), rows.counts(), null, null);
    }
    ReadRows heldOut =
        source.read(request, "eval_datasets", others, vocabSize, tokenizer, listener);
    return new PhaseRows(all(rows), rows.counts(), all(heldOut), heldOut.counts());
  }

  private static PhaseRows split(ReadRows rows, Amount valSetSize, PhaseRequest request) {
    long size = valSetSize.of(rows.count());
    if (size >= rows.count()) {
      throw new InputException(
          "%s: holds out %,d of the %,d rows of datasets, which leaves none to train on; hold out fewer"
              .formatted(request.path("val_set_size"), size, rows.count()));
    }
    ValidationSplit split = ValidationSplit.of(rows.count(), (int) size, request.pipeline().seed());
    Objective heldOut = rows.objective(split.heldOut());
    return new PhaseRows(
        rows.objective(split.training()),
        rows.counts().without(heldOut.counts()),
        heldOut,
        heldOut.counts());
  }

  private static Objective all(ReadRows rows) {
    return rows.objective(IntStream.range(0, rows.count()).toArray());
  }
}
