package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Rows.ExcessLength;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a user is told of data of which a phase learns less than there is. */
final class RowWarnings {
  /** Of so many rows one that is not learned from, or in part, deserves a word. */
  private static final long FEW = 10;

  private RowWarnings() {}

  /**
   * The sentences.
   *
   * @param data the counts of the training data; null where nobody counted
   * @param heldOut those of the held-out data, or null
   */
  static List<String> of(Phase phase, @Nullable DataCounts data, @Nullable DataCounts heldOut) {
    List<String> sentences = new ArrayList<>();
    if (data != null) {
      bad(phase, "", data).ifPresent(sentences::add);
      add(sentences, phase, "", data);
      addAlsoHeldOut(sentences, phase, data);
      if (data.equal() > 0) {
        sentences.add(equal(phase, data));
      }
    }
    if (heldOut != null) {
      bad(phase, "held-out ", heldOut).ifPresent(sentences::add);
      add(sentences, phase, "held-out ", heldOut);
    }
    return sentences;
  }

  /**
   * That rows are longer than what the model's positions were made for. Where none is, a {@code
   * sequence_len} beyond them does nothing: positions begin anew in each row that is packed.
   */
  static Optional<String> tooLong(Phase phase, @Nullable BeyondPositions beyond) {
    return beyond == null || !beyond.isReached()
        ? Optional.empty()
        : Optional.of(
            "phase %s: its longest row has %s tokens, and the positions of the model were made for %s (%s); a model is poor beyond them until it has learned them: set sequence_len: %d, or a rope scaling in config.json"
                .formatted(
                    phase.name(),
                    Numbers.whole(beyond.longestRow()),
                    Numbers.whole(beyond.madeFor()),
                    beyond.by(),
                    beyond.madeFor()));
  }

  /**
   * That all completions of a dataset of kto are wanted, or none is: with no other kind beside them
   * the loss has nothing to tell them from.
   *
   * @param datasets the counts of the training data by dataset; null where nobody counted
   */
  static List<String> oneSided(Phase phase, @Nullable Map<String, DataCounts> datasets) {
    List<String> sentences = new ArrayList<>();
    if (datasets != null) {
      datasets.forEach(
          (name, counts) -> {
            if (counts.desirable() + counts.undesirable() > 0
                && Math.min(counts.desirable(), counts.undesirable()) == 0) {
              sentences.add(
                  "phase %s: all %s completions of dataset %s are %s; kto learns from both kinds, see that the labels are right, and that the phase has some of the other kind"
                      .formatted(
                          phase.name(),
                          Numbers.whole(counts.desirable() + counts.undesirable()),
                          name,
                          counts.desirable() > 0 ? "desirable" : "undesirable"));
            }
          });
    }
    return sentences;
  }

  private static void add(List<String> sentences, Phase phase, String which, DataCounts counts) {
    String rows = which + phase.type().rowsInWords();
    // Of a row that is split nothing is lost.
    long cut = phase.excessLength() == ExcessLength.SPLIT ? 0 : counts.cut();
    if (cut + counts.dropped() > 0 && FEW * (cut + counts.dropped()) >= counts.read()) {
      sentences.add(tooLong(phase, rows, cut, counts));
    }
    if (counts.withoutLoss() > 0 && FEW * counts.withoutLoss() >= counts.read()) {
      sentences.add(
          "phase %s: %s of %s %s (%s) have no token that carries loss and are left out; see that something in them is to be learned, or remove them"
              .formatted(
                  phase.name(),
                  Numbers.whole(counts.withoutLoss()),
                  Numbers.whole(counts.read()),
                  rows,
                  share(counts.withoutLoss(), counts.read())));
    }
  }

  private static Optional<String> bad(Phase phase, String which, DataCounts counts) {
    if (counts.badRows() == 0) {
      return Optional.empty();
    }
    String reasons =
        counts.bad().entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
            .map(reason -> "%s: %s".formatted(reason.getKey(), Numbers.whole(reason.getValue())))
            .collect(Collectors.joining("; "));
    return Optional.of(
        "phase %s: %s of %s %srows (%s) left out as wrong (%s); a run writes them to the phase's rejected.jsonl; mend them, or set strict: true to have them refused"
            .formatted(
                phase.name(),
                Numbers.whole(counts.badRows()),
                Numbers.whole(counts.read()),
                which,
                share(counts.badRows(), counts.read()),
                reasons));
  }

  private static void addAlsoHeldOut(List<String> sentences, Phase phase, DataCounts counts) {
    if (counts.alsoHeldOut() > 0 && FEW * counts.alsoHeldOut() >= counts.read()) {
      sentences.add(
          "phase %s: %s of %s %s (%s) are in eval_datasets too and not trained on; hold out others, or remove them"
              .formatted(
                  phase.name(),
                  Numbers.whole(counts.alsoHeldOut()),
                  Numbers.whole(counts.read()),
                  phase.type().rowsInWords(),
                  share(counts.alsoHeldOut(), counts.read())));
    }
  }

  private static String tooLong(Phase phase, String rows, long cut, DataCounts counts) {
    List<String> what = new ArrayList<>();
    if (cut > 0) {
      what.add("cuts " + Numbers.whole(cut));
    }
    if (counts.dropped() > 0) {
      what.add(
          phase.excessLength() == ExcessLength.DROP
              ? "leaves out " + Numbers.whole(counts.dropped())
              : "leaves no token that carries loss in " + Numbers.whole(counts.dropped()));
    }
    return "phase %s: sequence_len, which is %s, %s of %s %s (%s); raise it, or shorten them"
        .formatted(
            phase.name(),
            Numbers.whole(phase.batch().sequenceLen()),
            String.join(" and ", what),
            Numbers.whole(counts.read()),
            rows,
            share(cut + counts.dropped(), counts.read()));
  }

  private static String share(long part, long whole) {
    return Numbers.percent((double) part, (double) whole);
  }

  private static String equal(Phase phase, DataCounts counts) {
    boolean byCut = counts.equalAfterCut() > 0;
    return "phase %s: %s of %s pairs (%s) have equal completions%s, and give no gradient; %s"
        .formatted(
            phase.name(),
            Numbers.whole(counts.equal()),
            Numbers.whole(counts.kept()),
            share(counts.equal(), counts.kept()),
            byCut
                ? ", %s of them because sequence_len, which is %s, cuts off where they differ"
                    .formatted(
                        Numbers.whole(counts.equalAfterCut()),
                        Numbers.whole(phase.batch().sequenceLen()))
                : "",
            byCut ? "raise sequence_len, or remove them" : "remove them");
  }
}
