package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.Targeting;
import java.util.List;

/** Reads {@code targeting}. */
final class TargetingReader {
  private static final Wording MODULES =
      Wording.any("module types, as self_attn.q_proj, re:REGEX or all");
  private static final Wording ALWAYS_TRAIN = Wording.any("modules, as lm_head");
  private static final Wording PATTERNS = Wording.any("patterns of parameter names");

  /** The ways to choose weights. */
  private enum Method {
    SNR,
    PARAMETERS,
    FULL
  }

  private TargetingReader() {}

  /**
   * Reads the mapping.
   *
   * @param adapted whether the phase has an adapter, written or inherited
   */
  static Targeting read(Block targeting, boolean adapted) {
    Method method = targeting.choice("method", Method.class, Method.SNR);
    refuseKeysOfOthers(targeting, method);
    // of no effect but for snr, and accepted with any: scripts pass it everywhere
    List<String> given = targeting.textsIfAny("always_train", ALWAYS_TRAIN, Defaults.ALWAYS_TRAIN);
    List<String> alwaysTrain =
        adapted && !targeting.holds("always_train") ? Defaults.ALWAYS_TRAIN_BESIDE_ADAPTER : given;
    return switch (method) {
      case SNR ->
          new Targeting.Snr(
              SelectionRuleReader.read(targeting),
              targeting.texts("modules", MODULES, Defaults.TARGETING_MODULES),
              alwaysTrain);
      case PARAMETERS ->
          new Targeting.Parameters(
              targeting.texts("unfrozen_parameters", PATTERNS),
              targeting.choice("match", ParameterMatch.class, Defaults.PARAMETER_MATCH));
      case FULL -> new Targeting.Full();
    };
  }

  /** A phase may inherit what another method uses, but not write it. */
  private static void refuseKeysOfOthers(Block targeting, Method method) {
    SelectionRuleReader.KEYS.forEach(key -> belongsTo(Method.SNR, key, targeting, method));
    belongsTo(Method.SNR, "modules", targeting, method);
    belongsTo(Method.PARAMETERS, "unfrozen_parameters", targeting, method);
    belongsTo(Method.PARAMETERS, "match", targeting, method);
  }

  private static void belongsTo(Method owner, String key, Block targeting, Method method) {
    if (targeting.owns(key) && method != owner && !targeting.isPart()) {
      targeting.refuse(
          key,
          "is for method %s, but the method is %s; write method: %1$s or remove it"
              .formatted(Values.word(owner), Values.word(method)));
    }
  }
}
