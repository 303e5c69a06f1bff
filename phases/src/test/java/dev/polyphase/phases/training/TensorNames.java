package dev.polyphase.phases.training;

/**
 * Names of tensors; the constants are some of the fixtures', each of another block or outside of
 * all.
 */
final class TensorNames {
  static final String KEY = "model.layers.0.self_attn.k_proj.weight";
  static final String DOWN = "model.layers.1.mlp.down_proj.weight";
  static final String UP = "model.layers.2.mlp.up_proj.weight";
  static final String QUERY = "model.layers.3.self_attn.q_proj.weight";
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";

  private TensorNames() {}

  /** The tensor on the disk that a parameter is, or is one expert's slice of. */
  static String stored(String parameter) {
    return parameter.replaceFirst("\\[\\d+]$", "");
  }
}
