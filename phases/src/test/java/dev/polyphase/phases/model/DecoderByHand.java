package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A decoder in plain Java and float64, by the papers' formulas and without a line of the kernels:
 * the second method. A linear layer has a bias, and a head a norm, where there is a tensor for it.
 *
 * @param tensors by their names in checkpoints, each row after row
 * @param heads of queries
 * @param keyValueHeads of keys and values
 * @param eps of all norms
 * @param theta of the rotary positions
 * @param windows of the layers; 0 for none
 * @param feedForward what blocks have in the place of a gated MLP; null for that
 */
record DecoderByHand(
    Map<String, double[]> tensors,
    int heads,
    int keyValueHeads,
    double eps,
    double theta,
    List<Integer> windows,
    @Nullable FeedForwardByHand feedForward) {

  /** What a block makes of each token alone. */
  @FunctionalInterface
  interface FeedForwardByHand {
    /** Empty where the block has a gated MLP. */
    Optional<double[]> of(String block, double[] normed);
  }

  /** Of each token of a row but the first, its log-probability. */
  double[] logProbs(int[] ids) {
    double[] table = tensors.get("model.embed_tokens.weight");
    int hidden = tensors.get("model.norm.weight").length;
    double[][] x = new double[ids.length][];
    for (int t = 0; t < ids.length; t++) {
      x[t] = Arrays.copyOfRange(table, ids[t] * hidden, (ids[t] + 1) * hidden);
    }
    for (int layer = 0; layer < windows.size(); layer++) {
      block("model.layers." + layer + ".", windows.get(layer), x);
    }
    String head = tensors.containsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
    double[] logProbs = new double[ids.length - 1];
    for (int t = 0; t < logProbs.length; t++) {
      double[] logits = project(head, normed(x[t], "model.norm.weight"));
      double largest = Arrays.stream(logits).max().orElseThrow();
      double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).sum();
      logProbs[t] = logits[ids[t + 1]] - largest - Math.log(sum);
    }
    return logProbs;
  }

  /** Adds what a block gives to the residual stream. */
  private void block(String block, int window, double[][] x) {
    int seq = x.length;
    String attention = block + "self_attn.";
    double[][] queries = new double[seq][];
    double[][] keys = new double[seq][];
    double[][] values = new double[seq][];
    for (int t = 0; t < seq; t++) {
      double[] normed = normed(x[t], block + "input_layernorm.weight");
      queries[t] = turned(project(attention + "q_proj", normed), heads, t, attention + "q_norm");
      keys[t] =
          turned(project(attention + "k_proj", normed), keyValueHeads, t, attention + "k_norm");
      values[t] = project(attention + "v_proj", normed);
    }
    for (int t = 0; t < seq; t++) {
      int first = window > 0 ? Math.max(0, t - window + 1) : 0;
      add(
          x[t],
          project(attention + "o_proj", attended(attention, queries[t], keys, values, first, t)));
      double[] normed = normed(x[t], block + "post_attention_layernorm.weight");
      Optional<double[]> own =
          feedForward == null ? Optional.empty() : feedForward.of(block, normed);
      add(x[t], own.orElseGet(() -> gated(block, normed)));
    }
  }

  private double[] gated(String block, double[] normed) {
    double[] inner = project(block + "mlp.gate_proj", normed);
    double[] up = project(block + "mlp.up_proj", normed);
    for (int i = 0; i < inner.length; i++) {
      inner[i] = inner[i] / (1 + Math.exp(-inner[i])) * up[i];
    }
    return project(block + "mlp.down_proj", inner);
  }

  /** Heads, normed where there is a weight, turned by where their token is. */
  private double[] turned(double[] all, int count, int position, String norm) {
    int dim = all.length / count;
    double[] turned = new double[all.length];
    for (int head = 0; head < count; head++) {
      double[] values = Arrays.copyOfRange(all, head * dim, (head + 1) * dim);
      if (tensors.containsKey(norm + ".weight")) {
        values = normed(values, norm + ".weight");
      }
      for (int i = 0; i < dim / 2; i++) {
        double angle = position * Math.pow(theta, -2.0 * i / dim);
        double a = values[i];
        double b = values[i + dim / 2];
        turned[head * dim + i] = a * Math.cos(angle) - b * Math.sin(angle);
        turned[head * dim + i + dim / 2] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
    return turned;
  }

  /** What a token's heads see of the tokens from one to another, each with its group's keys. */
  private double[] attended(
      String attention, double[] query, double[][] keys, double[][] values, int from, int to) {
    int dim = query.length / heads;
    double[] seen = new double[query.length];
    for (int head = 0; head < heads; head++) {
      int ofGroup = head / (heads / keyValueHeads) * dim;
      double[] weights = new double[to + 1];
      double[] sinks = tensors.get(attention + "sinks");
      double sum = sinks == null ? 0 : Math.exp(sinks[head]);
      for (int s = from; s <= to; s++) {
        double score = 0;
        for (int i = 0; i < dim; i++) {
          score += query[head * dim + i] * keys[s][ofGroup + i];
        }
        weights[s] = Math.exp(score / Math.sqrt(dim));
        sum += weights[s];
      }
      for (int s = from; s <= to; s++) {
        for (int i = 0; i < dim; i++) {
          seen[head * dim + i] += weights[s] / sum * values[s][ofGroup + i];
        }
      }
    }
    return seen;
  }

  private double[] normed(double[] x, String weight) {
    double squares = Arrays.stream(x).map(value -> value * value).sum();
    double scale = 1 / Math.sqrt(squares / x.length + eps);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * scale * tensors.get(weight)[i];
    }
    return y;
  }

  private double[] project(String module, double[] x) {
    double[] weight = tensors.get(module + ".weight");
    double[] bias = tensors.get(module + ".bias");
    double[] y = new double[weight.length / x.length];
    for (int out = 0; out < y.length; out++) {
      y[out] = bias == null ? 0 : bias[out];
      for (int in = 0; in < x.length; in++) {
        y[out] += weight[out * x.length + in] * x[in];
      }
    }
    return y;
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }
}
