package dev.polyphase.phases.model;

import java.util.Set;

/** The keys of rotary positions, in the older and the newer spelling. */
final class RopeKeys {
  private RopeKeys() {}

  static Rope read(ConfigKeys keys) {
    boolean newSpelling = keys.has("rope_parameters");
    if (newSpelling
        && keys.has("rope_scaling")
        && !keys.get("rope_scaling").equals(keys.get("rope_parameters"))) {
      keys.problem("rope_scaling", "differs from rope_parameters; keep one of the two");
    }
    ConfigKeys scaling = keys.below(newSpelling ? "rope_parameters" : "rope_scaling");
    double theta =
        newSpelling && scaling.has("rope_theta")
            ? scaling.number("rope_theta")
            : keys.number("rope_theta", 10000);
    keys.harmless(Set.of("rope_theta"));
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    Rope rope =
        switch (type) {
          case "default" -> new Rope(theta, new Rope.Scaling.None());
          case "llama3" -> new Rope(theta, llama3(scaling));
          default -> {
            scaling.problem(
                "rope_type", "is '" + type + "', and default and llama3 are implemented");
            scaling.harmless(scaling.names());
            yield new Rope(theta, new Rope.Scaling.None());
          }
        };
    scaling.harmless(Set.of("type", "rope_type", "rope_theta"));
    HarmlessKeys.requireNeutral(scaling);
    scaling.refuseOthers();
    return rope;
  }

  private static Rope.Scaling llama3(ConfigKeys keys) {
    Rope.Scaling.Llama3 scaling =
        new Rope.Scaling.Llama3(
            keys.number("factor"),
            keys.number("low_freq_factor"),
            keys.number("high_freq_factor"),
            keys.positive("original_max_position_embeddings"));
    if (keys.sound("low_freq_factor", "high_freq_factor")
        && scaling.lowFreqFactor() >= scaling.highFreqFactor()) {
      keys.problem(
          "high_freq_factor",
          "must be above low_freq_factor (%s), found %s"
              .formatted(scaling.lowFreqFactor(), scaling.highFreqFactor()));
    }
    return scaling;
  }
}
