package dev.polyphase.dpo;

import dev.polyphase.pipelines.Dpo.PrefixSharing;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.prepared.Pairs;
import java.util.Optional;

/**
 * How a phase trains on pairs.
 *
 * @param program its loss
 * @param reference what the policy is held to; empty where the loss has none
 * @param layout how pairs lie in a batch
 * @param packed whether short pairs share a sequence
 * @param sequenceLen the most tokens of a prompt and one completion
 * @param isDeterministic whether the model says the same of the same rows twice: no noise is added
 *     and nothing dropped while it is trained
 */
record PairSettings(
    LossProgram program,
    Optional<Reference> reference,
    Layout layout,
    boolean packed,
    int sequenceLen,
    boolean isDeterministic) {

  /**
   * From which on a prompt's second computation is spared, as a share of all tokens: the prompt is
   * then half as long as a completion. With shorter ones attention to two parts costs what is
   * spared, on the CPU.
   */
  private static final double WORTH_SHARING = 1 / 6.0;

  /**
   * A phase's.
   *
   * @param sharesPrefixes whether the models that compute pairs allow it
   */
  static PairSettings of(Phase phase, Pairs pairs, boolean sharesPrefixes) {
    boolean packed = phase.batch().samplePacking();
    boolean isDeterministic = FirstStepCheck.isDeterministic(phase);
    boolean shares =
        switch (prefixSharing(phase)) {
          case ON -> true;
          case OFF -> false;
          case AUTO -> sharesPrefixes && isDeterministic && promptShare(pairs) >= WORTH_SHARING;
        };
    return new PairSettings(
        program(phase),
        phase.reference(),
        shares ? Layout.SHARED_PROMPTS : packed ? Layout.PACKED : Layout.PADDED,
        packed,
        phase.batch().sequenceLen(),
        isDeterministic);
  }

  /** What the phase asks for. */
  static PrefixSharing prefixSharing(Phase phase) {
    return phase.type() == PhaseType.DPO ? phase.dpo().prefixSharing() : PrefixSharing.AUTO;
  }

  /** What of all tokens is a prompt for the second time. */
  private static double promptShare(Pairs pairs) {
    long again = 0;
    long all = 0;
    for (int row = 0; row < pairs.rows().size(); row++) {
      again += pairs.promptTokens(row);
      all += pairs.chosenRow(row) + pairs.rejectedRow(row);
    }
    return (double) again / all;
  }

  private static LossProgram program(Phase phase) {
    return switch (phase.type()) {
      case DPO -> LossProgram.of(phase.dpo());
      case CPO -> LossProgram.of(phase.cpo());
      case SIMPO -> LossProgram.of(phase.simpo());
      case ORPO -> LossProgram.of(phase.orpo());
      case CPT, SFT, KTO -> throw new IllegalArgumentException("no pairs in " + phase.type());
    };
  }
}
