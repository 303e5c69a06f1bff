package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.RowHashes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The rows of a phase that an earlier one trains on too; of equal rows one counts.
 *
 * @param earlier the earlier phase's name
 * @param trained how many of those that the phase trains on
 * @param ofTrained how many those are
 * @param heldOut how many of those that it holds out
 * @param ofHeldOut how many those are
 */
public record SharedRows(
    String earlier, long trained, long ofTrained, long heldOut, long ofHeldOut) {

  /** Empty where there are none. */
  static Optional<SharedRows> of(String earlier, RowHashes before, RowHashes rows) {
    long trained = RowHashes.inBoth(rows.trained(), before.trained());
    long heldOut = RowHashes.inBoth(rows.heldOut(), before.trained());
    return trained + heldOut == 0
        ? Optional.empty()
        : Optional.of(
            new SharedRows(
                earlier, trained, rows.trained().length, heldOut, rows.heldOut().length));
  }

  /** What a user is told of them, of a phase by this name. */
  List<String> sentences(String phase) {
    List<String> sentences = new ArrayList<>();
    if (trained > 0) {
      sentences.add(
          "phase %s: %s of its %s different rows (%s) are trained on in phase %s already; leave them out of one of the two, unless they are to be learned twice"
              .formatted(
                  phase,
                  Numbers.whole(trained),
                  Numbers.whole(ofTrained),
                  Numbers.percent((double) trained, (double) ofTrained),
                  earlier));
    }
    if (heldOut > 0) {
      sentences.add(
          "phase %s: %s of its %s different held-out rows (%s) are trained on in phase %s, so that their loss is not that of new ones; hold out others"
              .formatted(
                  phase,
                  Numbers.whole(heldOut),
                  Numbers.whole(ofHeldOut),
                  Numbers.percent((double) heldOut, (double) ofHeldOut),
                  earlier));
    }
    return sentences;
  }
}
