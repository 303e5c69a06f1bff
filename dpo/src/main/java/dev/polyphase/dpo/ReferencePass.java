package dev.polyphase.dpo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The reference's log-probabilities of the pairs that a phase will see: one pass over them with the
 * weights at the phase's start, when policy and reference are the same. The batches are those of
 * the phase's first epoch: batches of other lengths are rounded otherwise, and then a policy that
 * has not moved would seem to prefer something.
 *
 * <p>They are kept in a file beside the phase's result, by what they follow from: weights, tokens
 * and batches. Where that is found again, its first batch is computed anew, and all of it taken if
 * that is equal to the last bit.
 */
final class ReferencePass {
  private final Beginning start;
  private final int count;
  private final Function<int[], PairBatch> batchOf;
  private final String fingerprint;

  /**
   * A pass over the pairs of an epoch; one that an epoch has twice is two of them.
   *
   * @param count how many there are
   * @param batchOf makes a batch of some, by their numbers
   * @param fingerprint tells them from others
   */
  ReferencePass(
      Beginning start, int count, Function<int[], PairBatch> batchOf, String fingerprint) {
    this.start = start;
    this.count = count;
    this.batchOf = batchOf;
    this.fingerprint = fingerprint;
  }

  /** The log-probabilities by pair; null for pairs that are in no batch. */
  @Nullable PairLogProbs[] logProbs() throws IOException {
    String key = key();
    @Nullable PairLogProbs @Nullable [] kept = kept(key);
    if (kept != null) {
      return kept;
    }
    @Nullable PairLogProbs[] found = run(start.microBatches());
    keep(key, found);
    return found;
  }

  private @Nullable PairLogProbs[] run(List<int[]> microBatches) {
    @Nullable PairLogProbs[] found = new @Nullable PairLogProbs[count];
    for (int[] rows : microBatches) {
      start.pause().run();
      PairBatch batch = batchOf.apply(rows);
      PairLogProbs[] logProbs = PairLogProbs.of(batch, start.model().logProbs(batch.tokens()));
      for (int i = 0; i < rows.length; i++) {
        found[rows[i]] = logProbs[i];
      }
    }
    return found;
  }

  private String key() throws IOException {
    Fingerprint batches = new Fingerprint();
    start.microBatches().forEach(batches::add);
    return "%s %s %s".formatted(start.weights().text(), fingerprint, batches.text());
  }

  /** What an earlier attempt at the phase kept; null where there is none that is the same. */
  private @Nullable PairLogProbs @Nullable [] kept(String key) throws IOException {
    if (!Files.isRegularFile(start.kept())) {
      return null;
    }
    JsonNode file;
    try {
      file = new ObjectMapper().readTree(Files.readAllBytes(start.kept()));
    } catch (JsonProcessingException e) {
      return null;
    }
    JsonNode rows = file.path("pairs");
    if (!file.path("key").asText().equals(key) || rows.size() != count) {
      return null;
    }
    @Nullable PairLogProbs[] kept = new @Nullable PairLogProbs[rows.size()];
    for (int i = 0; i < kept.length; i++) {
      JsonNode pair = rows.get(i);
      kept[i] =
          pair.isNull() ? null : new PairLogProbs(pair.get(0).asDouble(), pair.get(1).asDouble());
    }
    List<int[]> first = start.microBatches().subList(0, Math.min(1, start.microBatches().size()));
    @Nullable PairLogProbs[] again = run(first);
    for (int[] batch : first) {
      for (int row : batch) {
        PairLogProbs now = again[row];
        if (now == null || !now.equals(kept[row])) {
          start
              .notes()
              .accept(
                  "the reference's log-probabilities in %s are not those of these weights; they are computed anew"
                      .formatted(start.kept()));
          return null;
        }
      }
    }
    return kept;
  }

  /** Where that fails, they are computed again should the phase be started again. */
  private void keep(String key, @Nullable PairLogProbs[] found) {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("key", key);
    ArrayNode rows = file.putArray("pairs");
    for (PairLogProbs pair : found) {
      if (pair == null) {
        rows.addNull();
      } else {
        rows.addArray().add(pair.chosen()).add(pair.rejected());
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
