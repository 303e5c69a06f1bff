package dev.polyphase.phases.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Causal attention (Vaswani et al. 2017).
 *
 * @param heads how many, and how large
 * @param projections what queries, keys and values come from
 * @param headNorms how queries and keys are normed
 * @param rope how it knows where tokens are
 * @param window how many positions a token sees, itself included; 0 for all
 * @param scores what becomes of the products of queries and keys
 */
public record Attention(
    Heads heads,
    Projections projections,
    HeadNorms headNorms,
    Rope rope,
    int window,
    Scores scores) {
  private static final String GROUP = "self_attn.";
  private static final String QUERIES = "q_proj";
  private static final String KEYS = "k_proj";
  private static final String VALUES = "v_proj";
  private static final String FUSED = "qkv_proj";
  private static final String OUTPUT = "o_proj";

  /** Of larger heads some GPUs have no backward pass. */
  private static final int MOST_FLASH_HEAD_DIM = 192;

  /**
   * The heads; several query heads may share a key and value head (Ainslie et al. 2023).
   *
   * @param queries query heads
   * @param keyValues key and value heads; divides {@code queries}
   * @param dim values of one head
   */
  public record Heads(int queries, int keyValues, int dim) {
    /** Values of a token's queries. */
    long queryWidth() {
      return (long) queries * dim;
    }

    /** Values of a token's keys, and of its values. */
    long keyValueWidth() {
      return (long) keyValues * dim;
    }
  }

  /**
   * The linear layers.
   *
   * @param queryKeyValueBias whether q, k and v have biases
   * @param outputBias whether o has a bias
   * @param fused whether q, k and v are one matrix, {@code qkv_proj}, in this order
   */
  public record Projections(boolean queryKeyValueBias, boolean outputBias, boolean fused) {
    /** Three matrices, of which all have biases or none. */
    public static Projections separate(boolean bias) {
      return new Projections(bias, bias, false);
    }
  }

  /** How queries and keys are normed before they are turned. */
  public enum HeadNorms {
    NONE("parts/heads.py"),
    /** Head by head, with one weight of a head's size, as in Qwen3. */
    EACH_HEAD("parts/normed_heads.py"),
    /** All heads of a token together, as in OLMo 2. */
    ALL_HEADS("parts/normed_heads.py");

    private final String source;

    HeadNorms(String source) {
      this.source = source;
    }
  }

  /**
   * What becomes of the products of queries and keys before the softmax.
   *
   * @param scale what they are multiplied by; 0 for {@code 1 / sqrt(head dim)}
   * @param cap they become {@code cap * tanh(scores / cap)}, as in Gemma 2; 0 for no cap
   * @param sinks whether each head has a learned score more, of no token, that takes part in the
   *     softmax alone (Xiao et al. 2023), as in gpt-oss
   */
  public record Scores(double scale, double cap, boolean sinks) {
    /** Scaled by the size of a head, and nothing else. */
    public static final Scores PLAIN = new Scores(0, 0, false);

    /** Whether libtorch's fused attention computes them. */
    boolean fusable() {
      return cap == 0 && !sinks;
    }
  }

  /** The same with other scores. */
  public Attention with(Scores others) {
    return new Attention(heads, projections, headNorms, rope, window, others);
  }

  /** The roles of its linear layers, in the order of the forward pass. */
  List<String> projectionRoles() {
    return projections.fused() ? List.of(FUSED, OUTPUT) : List.of(QUERIES, KEYS, VALUES, OUTPUT);
  }

  void addTo(BlockTensors tensors, int hiddenSize, RmsNorm norm) {
    long queries = heads.queryWidth();
    long keys = heads.keyValueWidth();
    boolean bias = projections.queryKeyValueBias();
    if (projections.fused()) {
      tensors.project(GROUP, FUSED, queries + 2 * keys, hiddenSize, bias);
    } else {
      tensors.project(GROUP, QUERIES, queries, hiddenSize, bias);
      tensors.project(GROUP, KEYS, keys, hiddenSize, bias);
      tensors.project(GROUP, VALUES, keys, hiddenSize, bias);
    }
    tensors.project(GROUP, OUTPUT, hiddenSize, queries, projections.outputBias());
    switch (headNorms) {
      case NONE -> {}
      case EACH_HEAD -> {
        tensors.norm(GROUP, "q_norm", heads.dim(), norm);
        tensors.norm(GROUP, "k_norm", heads.dim(), norm);
      }
      case ALL_HEADS -> {
        tensors.norm(GROUP, "q_norm", queries, norm);
        tensors.norm(GROUP, "k_norm", keys, norm);
      }
    }
    if (scores.sinks()) {
      tensors.vector(GROUP, "sinks", heads.queries());
    }
  }

  /** What kernels have its methods from. */
  List<String> sources() {
    List<String> sources = new ArrayList<>();
    sources.add("parts/attention.py");
    if (scores.fusable()) {
      sources.add("parts/fused_scores.py");
    } else {
      sources.add("parts/explicit_scores.py");
      sources.add(scores.sinks() ? "parts/shares_with_sinks.py" : "parts/shares.py");
    }
    sources.add(headNorms.source);
    sources.add(projections.fused() ? "parts/fused_projections.py" : "parts/projections.py");
    sources.add(rope instanceof Rope.Rotary ? "parts/rotary.py" : "parts/unturned.py");
    return sources;
  }

  Map<String, Object> constants() {
    double scale = scores.scale() == 0 ? 1 / Math.sqrt((double) heads.dim()) : scores.scale();
    Map<String, Object> constants = new HashMap<>();
    constants.put("heads", heads.queries());
    constants.put("kv_heads", heads.keyValues());
    constants.put("heads_per_group", heads.queries() / heads.keyValues());
    constants.put("head_dim", heads.dim());
    boolean together = headNorms == HeadNorms.ALL_HEADS;
    constants.put("norms_of_queries", together ? 1 : heads.queries());
    constants.put("norms_of_keys", together ? 1 : heads.keyValues());
    // The kernel has the index of sinks where there are any.
    constants.put("sinks", -1);
    boolean wide = rope instanceof Rope.Rotary turning && turning.inFloat32();
    constants.put("rotary_dim", rope instanceof Rope.Rotary rotary ? rotary.width() : 0);
    constants.put("turns_in_float32", wide ? "True" : "False");
    constants.put("window", window);
    // None is libtorch's own for 1 / sqrt(head dim), to the bit.
    constants.put("scale", scores.scale() == 0 ? "None" : scale);
    constants.put("score_scale", scale);
    constants.put("score_cap", scores.cap());
    return constants;
  }

  /** Whether flash attention can compute it. */
  boolean fitsFlash() {
    return scores.fusable() && heads.dim() % 8 == 0 && heads.dim() <= MOST_FLASH_HEAD_DIM;
  }

  /**
   * What is kept of a token, in bytes: the turned queries and keys, the values and the output, keys
   * and values once for each query head where they are repeated; all that one matrix gave, where
   * values are cut out of it; the output once more where rows are packed; where heads are normed,
   * queries and keys as they were before, and a scale of each norm.
   */
  long savedBytesOfToken(BlockPass pass) {
    long queries = heads.queryWidth();
    long keys = heads.keyValueWidth();
    boolean masked = windowed(pass) && !usesFlash(pass);
    boolean grouped = queries != keys;
    boolean repeated = grouped && (pass.onCpu() || pass.float32() || !scores.fusable());
    long values = repeated ? 4 * queries : 2 * queries + 2 * keys;
    // Where libtorch wants them repeated for its mask alone they are there in both ways.
    values += grouped && !repeated && masked ? 2 * queries : 0;
    values += projections.fused() && !repeated ? queries + keys : 0;
    values += pass.packed() && !usesFlash(pass) ? queries : 0;
    long scales = 0;
    if (headNorms != HeadNorms.NONE) {
      values += queries + keys;
      scales = headNorms == HeadNorms.EACH_HEAD ? (long) heads.queries() + heads.keyValues() : 2;
    }
    return values * pass.computeBytes() + 4 * scales;
  }

  /**
   * What is kept of prefixes, in bytes: their keys and values once more for each document that
   * follows. But for flash attention they are there once for each query head, and there is the
   * document's mask.
   */
  long savedBytesOfPrefixes(BlockPass pass) {
    long values =
        usesFlash(pass)
            ? 2 * heads.keyValueWidth() * pass.prefixTokens()
            : 2 * heads.queryWidth() * pass.prefixTokens() + pass.prefixedPairs();
    return values * pass.computeBytes();
  }

  /**
   * What autograd keeps of scores, in bytes, where no fused attention computes them: of each head
   * and each pair of tokens the softmax in float32, in 16 bits once more rounded; what tanh gave.
   */
  long savedBytesOfScores(BlockPass pass) {
    if (scores.fusable()) {
      return 0;
    }
    long bytes = 4;
    bytes += pass.float32() ? 0 : pass.computeBytes();
    bytes += scores.cap() > 0 ? pass.computeBytes() : 0;
    return bytes * heads.queries() * pairs(pass);
  }

  /** What their gradients take in a backward pass: those of the softmax and of what it was of. */
  long backwardBytesOfScores(BlockPass pass) {
    if (scores.fusable()) {
      return 0;
    }
    long bytes = 4L + pass.computeBytes() + (scores.cap() > 0 ? pass.computeBytes() : 0);
    return bytes * heads.queries() * pairs(pass);
  }

  /** Pairs of tokens of one row's longest document, in each row, others being as long. */
  private static long pairs(BlockPass pass) {
    return pass.padded() * pass.longestDocument();
  }

  /**
   * A mask, in bytes, where the window is shorter than the longest document: {@code c + 3} for each
   * token of a row and each of the longest document. Flash attention, on GPUs in 16 bits, needs
   * none.
   */
  long maskBytes(BlockPass pass) {
    return !usesFlash(pass) && (windowed(pass) || !scores.fusable())
        ? (long) pass.tokens() * pass.longestDocument() * (pass.computeBytes() + 3)
        : 0;
  }

  private boolean windowed(BlockPass pass) {
    return window > 0 && pass.longestDocument() > window;
  }

  private boolean usesFlash(BlockPass pass) {
    return !pass.onCpu() && !pass.float32() && fitsFlash();
  }
}
