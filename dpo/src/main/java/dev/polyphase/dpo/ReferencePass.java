package dev.polyphase.dpo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.Beginning.WeightsFingerprint;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The reference's log-probabilities of the rows that a phase will see: one pass over them before
 * its first step. The batches are those of the phase's first epoch: batches of other lengths are
 * rounded otherwise, and then a policy that has not moved would seem to prefer something.
 *
 * <p>They are kept in a file beside the phase's result, by what they follow from: weights, tokens
 * and batches. Where that is found again, its first batch is computed anew, and all of it taken if
 * that is equal to the last bit.
 */
final class ReferencePass {
  private final Beginning start;
  private final Epoch epoch;
  private final Transformer model;
  private final WeightsFingerprint weights;

  /**
   * The rows of an epoch; one that an epoch has twice is two of them.
   *
   * @param count how many there are
   * @param rowsOf the rows of a batch, by their numbers in the epoch
   * @param said what a model says of rows
   * @param fingerprint tells them, and how their log-probabilities are summed, from others
   */
  record Epoch(int count, UnaryOperator<int[]> rowsOf, Said said, String fingerprint) {}

  /** What a model says of rows. */
  @FunctionalInterface
  interface Said {
    /**
     * The summed log-probabilities of completions.
     *
     * @param rows by their numbers in the epoch
     * @return one for each row
     */
    LogProbs[] by(Transformer model, int[] rows);
  }

  private ReferencePass(
      Beginning start, Epoch epoch, Transformer model, WeightsFingerprint weights) {
    this.start = start;
    this.epoch = epoch;
    this.model = model;
    this.weights = weights;
  }

  /**
   * The log-probabilities by row, null for rows that are in no batch; empty where the reference is
   * asked in each step.
   */
  static Optional<@Nullable LogProbs[]> of(Reference reference, Beginning start, Epoch epoch)
      throws IOException {
    if (reference instanceof Reference.Shared) {
      start.model().keepReference();
      return Optional.empty();
    }
    if (reference instanceof Reference.Checkpoint) {
      try (Beginning.OtherModel.Opened other = start.other().open()) {
        return Optional.of(
            new ReferencePass(start, epoch, other.model(), other.weights()).logProbs());
      }
    }
    return Optional.of(new ReferencePass(start, epoch, start.model(), start.weights()).logProbs());
  }

  private @Nullable LogProbs[] logProbs() throws IOException {
    String key = key();
    @Nullable LogProbs @Nullable [] kept = kept(key);
    if (kept != null) {
      return kept;
    }
    @Nullable LogProbs[] found = run(start.microBatches());
    keep(key, found);
    return found;
  }

  private @Nullable LogProbs[] run(List<int[]> microBatches) {
    @Nullable LogProbs[] found = new @Nullable LogProbs[epoch.count()];
    for (int[] batch : microBatches) {
      start.pause().run();
      int[] rows = epoch.rowsOf().apply(batch);
      LogProbs[] logProbs = epoch.said().by(model, rows);
      for (int i = 0; i < rows.length; i++) {
        found[rows[i]] = logProbs[i];
      }
    }
    return found;
  }

  private String key() throws IOException {
    Fingerprint batches = new Fingerprint();
    start.microBatches().forEach(batches::add);
    return "%s %s %s".formatted(weights.text(), epoch.fingerprint(), batches.text());
  }

  /** What an earlier attempt at the phase kept; null where there is none that is the same. */
  private @Nullable LogProbs @Nullable [] kept(String key) throws IOException {
    if (!Files.isRegularFile(start.kept())) {
      return null;
    }
    JsonNode file;
    try {
      file = new ObjectMapper().readTree(Files.readAllBytes(start.kept()));
    } catch (JsonProcessingException e) {
      return null;
    }
    JsonNode rows = file.path("rows");
    if (!file.path("key").asText().equals(key) || rows.size() != epoch.count()) {
      return null;
    }
    @Nullable LogProbs[] kept = new @Nullable LogProbs[epoch.count()];
    for (int i = 0; i < epoch.count(); i++) {
      JsonNode row = rows.get(i);
      kept[i] = row.isNull() ? null : new LogProbs(row.get(0).asDouble(), row.get(1).asDouble());
    }
    return isOfTheseWeights(kept) ? kept : null;
  }

  private boolean isOfTheseWeights(@Nullable LogProbs[] kept) {
    List<int[]> first = start.microBatches().subList(0, Math.min(1, start.microBatches().size()));
    @Nullable LogProbs[] again = run(first);
    for (int[] batch : first) {
      for (int row : epoch.rowsOf().apply(batch)) {
        LogProbs now = again[row];
        if (now == null || !now.equals(kept[row])) {
          start
              .notes()
              .accept(
                  "the reference's log-probabilities in %s are not those of these weights; they are computed anew"
                      .formatted(start.kept()));
          return false;
        }
      }
    }
    return true;
  }

  /** Where that fails, they are computed again should the phase be started again. */
  private void keep(String key, @Nullable LogProbs[] found) {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("key", key);
    ArrayNode rows = file.putArray("rows");
    for (LogProbs row : found) {
      if (row == null) {
        rows.addNull();
      } else {
        rows.addArray().add(row.first()).add(row.second());
      }
    }
    try {
      AtomicFiles.writeString(start.kept(), file + "\n");
    } catch (IOException e) {
      start
          .notes()
          .accept(
              "the reference's log-probabilities can't be kept and are computed anew should the phase be started again: "
                  + FileFailure.sentence(start.kept(), e));
    }
  }
}
