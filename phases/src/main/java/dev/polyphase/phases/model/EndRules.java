package dev.polyphase.phases.model;

import dev.polyphase.kernels.Precision;
import java.util.Map;

/**
 * What a model's two ends do beside looking tokens up and multiplying by the head.
 *
 * @param paddingToken a token that does not teach the embedding where it is looked up, as
 *     transformers has it of {@code pad_token_id}; -1 for none
 * @param embedding what a token's row of the embedding is multiplied by; 1 for nothing
 * @param tableScaled whether it is the embedding's own scale, which is rounded to the compute's
 *     dtype and behind which noise is added, as in Gemma; else the model multiplies what the
 *     embedding gives, noise included, as in Granite
 * @param logitDivisor what the logits are divided by; 1 for nothing
 * @param logitCap the logits become {@code cap * tanh(logits / cap)} (Bello et al. 2016); 0 for no
 *     cap
 */
public record EndRules(
    int paddingToken, double embedding, boolean tableScaled, double logitDivisor, double logitCap) {
  /** Nothing is left out, scaled or capped. */
  public static final EndRules NONE = new EndRules(-1, 1, false, 1, 0);

  /** The constants of the kernel's source that follow from these. */
  Map<String, Object> constants(Precision precision) {
    return Map.of(
        "padding_token", paddingToken,
        "embedding_scale", tableScaled ? precision.rounded(embedding) : embedding,
        "table_scaled", tableScaled ? "True" : "False",
        "logit_divisor", logitDivisor,
        "logit_cap", logitCap);
  }

  /** The same with another padding token. */
  public EndRules withPadding(int token) {
    return new EndRules(token, embedding, tableScaled, logitDivisor, logitCap);
  }
}
