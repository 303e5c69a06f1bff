package dev.polyphase.phases.model;

import dev.polyphase.phases.model.Parameter.FirstValues;
import java.util.List;

/**
 * A norm by the root mean square over the last dimension (Zhang and Sennrich 2019, eq. 4).
 *
 * @param eps added to the mean square
 * @param form how its weight takes part
 */
public record RmsNorm(double eps, Form form) {
  /** How a norm's weight takes part. In float32 the first two are the same. */
  public enum Form {
    /** {@code round(x / rms) * weight}: the normed values are rounded first, as in Llama. */
    WEIGHT_AFTER_ROUNDING("parts/weight_after_rounding.py"),
    /** {@code round(x / rms * weight)}, as in OLMo and gpt-oss. */
    WEIGHT_BEFORE_ROUNDING("parts/weight_before_rounding.py"),
    /** {@code round(x / rms * (1 + weight))}, as in Gemma, whose weights begin with 0. */
    ONE_PLUS_WEIGHT("parts/one_plus_weight.py");

    private final String source;

    Form(String source) {
      this.source = source;
    }
  }

  /** What kernels have the method {@code norm} and its derivative from. */
  List<String> sources() {
    return List.of("parts/rms_norm.py", form.source);
  }

  /** What its weight holds in a new model. */
  FirstValues firstValues() {
    return form == Form.ONE_PLUS_WEIGHT ? FirstValues.ZEROS : FirstValues.ONES;
  }
}
