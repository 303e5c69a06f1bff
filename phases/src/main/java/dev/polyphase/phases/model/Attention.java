package dev.polyphase.phases.model;

import java.util.List;
import java.util.Map;

/**
 * Causal attention of rotary heads (Vaswani et al. 2017).
 *
 * @param heads how many, and how large
 * @param queryKeyValueBias whether q, k and v have biases
 * @param outputBias whether o has a bias
 * @param headNorms whether queries and keys are normed head by head
 * @param rope the position embedding
 * @param window how many positions a token sees, itself included; 0 for all
 */
public record Attention(
    Heads heads,
    boolean queryKeyValueBias,
    boolean outputBias,
    boolean headNorms,
    Rope rope,
    int window) {
  static final List<String> PROJECTIONS = List.of("q_proj", "k_proj", "v_proj", "o_proj");

  private static final String GROUP = "self_attn.";

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

  void addTo(BlockTensors tensors, int hiddenSize) {
    long queries = heads.queryWidth();
    long keys = heads.keyValueWidth();
    tensors.project(GROUP, "q_proj", queries, hiddenSize, queryKeyValueBias);
    tensors.project(GROUP, "k_proj", keys, hiddenSize, queryKeyValueBias);
    tensors.project(GROUP, "v_proj", keys, hiddenSize, queryKeyValueBias);
    tensors.project(GROUP, "o_proj", hiddenSize, queries, outputBias);
    if (headNorms) {
      tensors.norm(GROUP, "q_norm", heads.dim());
      tensors.norm(GROUP, "k_norm", heads.dim());
    }
  }

  /** What kernels have its methods from. */
  List<String> sources() {
    return List.of(
        "parts/attention.py",
        headNorms ? "parts/normed_heads.py" : "parts/heads.py",
        "parts/rotary.py");
  }

  Map<String, Object> constants() {
    return Map.of(
        "heads", heads.queries(),
        "kv_heads", heads.keyValues(),
        "heads_per_group", heads.queries() / heads.keyValues(),
        "head_dim", heads.dim(),
        "window", window);
  }

  /** Whether flash attention is for heads of this size. */
  boolean fitsFlash() {
    return heads.dim() % 8 == 0 && heads.dim() <= MOST_FLASH_HEAD_DIM;
  }

  /**
   * What autograd keeps of a token, in bytes: the projections' input where q, k or v is trained;
   * the turned queries and keys, the values and the output, keys and values once for each query
   * head where they are repeated; the output once more where rows are packed and o is trained;
   * where heads are normed, queries and keys in float32.
   */
  long savedBytesOfToken(BlockPass pass, int hiddenSize) {
    long queries = heads.queryWidth();
    long keys = heads.keyValueWidth();
    long values = pass.trains("q_proj", "k_proj", "v_proj") ? hiddenSize : 0;
    boolean repeated = queries != keys && (pass.onCpu() || pass.float32());
    values += repeated ? 4 * queries : 2 * queries + 2 * keys;
    values += pass.packed() && pass.trains("o_proj") ? queries : 0;
    return values * pass.computeBytes() + (headNorms ? 4 * (queries + keys) : 0);
  }

  /**
   * What autograd keeps of prefixes, in bytes: their keys and values once more for each document
   * that follows. But for flash attention they are there once for each query head, and there is the
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
   * A mask, in bytes, where the window is shorter than the longest document: {@code c + 3} for each
   * token of a row and each of the longest document. Flash attention, on GPUs in 16 bits, needs
   * none.
   */
  long maskBytes(BlockPass pass) {
    long longest = pass.longestDocument();
    return !usesFlash(pass) && window > 0 && longest > window
        ? pass.tokens() * longest * (pass.computeBytes() + 3)
        : 0;
  }

  private boolean usesFlash(BlockPass pass) {
    return !pass.onCpu() && !pass.float32() && fitsFlash();
  }
}
