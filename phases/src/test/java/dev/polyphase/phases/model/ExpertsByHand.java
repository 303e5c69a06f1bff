package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A mixture of experts in plain Java and float64, token by token.
 *
 * @param names how its parameters are named, and what follows from that
 * @param count how many experts there are
 * @param chosen how many a token goes through
 * @param normalised whether the chosen ones' shares add up to 1
 * @param inner the width inside an expert
 */
record ExpertsByHand(Names names, int count, int chosen, boolean normalised, int inner) {
  /** The names of parameters. */
  enum Names {
    QWEN,
    MIXTRAL,
    /** Qwen's or Mixtral's as transformers has them in memory. */
    FUSED,
    GPT_OSS
  }

  /** The shape of each parameter, by its name. */
  Map<String, List<Integer>> shapes(String block, int hidden) {
    Map<String, List<Integer>> shapes = new LinkedHashMap<>();
    shapes.put(router(block) + ".weight", List.of(count, hidden));
    if (names == Names.GPT_OSS) {
      shapes.put(router(block) + ".bias", List.of(count));
    }
    for (int expert = 0; expert < count; expert++) {
      switch (names) {
        case QWEN, MIXTRAL -> {
          List<String> modules = modules(block, expert);
          shapes.put(modules.get(0), List.of(inner, hidden));
          shapes.put(modules.get(1), List.of(inner, hidden));
          shapes.put(modules.get(2), List.of(hidden, inner));
        }
        case FUSED -> {
          shapes.put(part(block, "gate_up_proj", expert), List.of(2 * inner, hidden));
          shapes.put(part(block, "down_proj", expert), List.of(hidden, inner));
        }
        case GPT_OSS -> {
          shapes.put(part(block, "gate_up_proj", expert), List.of(hidden, 2 * inner));
          shapes.put(part(block, "gate_up_proj_bias", expert), List.of(2 * inner));
          shapes.put(part(block, "down_proj", expert), List.of(inner, hidden));
          shapes.put(part(block, "down_proj_bias", expert), List.of(hidden));
        }
      }
    }
    return shapes;
  }

  /** What a block's mixture makes of a token. */
  double[] of(Map<String, double[]> tensors, String block, double[] x) {
    double[] scores = scores(tensors, block, x);
    double[] shares = shares(scores);
    double[] sum = new double[x.length];
    for (int expert : chosen(scores)) {
      double[] y = expert(tensors, block, expert, x);
      for (int i = 0; i < y.length; i++) {
        sum[i] += shares[expert] * y[i];
      }
    }
    return sum;
  }

  /** The router's scores of a token. */
  double[] scores(Map<String, double[]> tensors, String block, double[] x) {
    double[] scores = times(tensors.get(router(block) + ".weight"), x);
    return names == Names.GPT_OSS ? plus(scores, tensors.get(router(block) + ".bias")) : scores;
  }

  /** The numbers of the experts that are chosen by scores, the best first. */
  List<Integer> chosen(double[] scores) {
    return IntStream.range(0, count)
        .boxed()
        .sorted(Comparator.comparingDouble(expert -> -scores[expert]))
        .limit(chosen)
        .toList();
  }

  private double[] shares(double[] scores) {
    List<Integer> best = chosen(scores);
    double[] shares = new double[count];
    double all = Arrays.stream(scores).map(Math::exp).sum();
    double ofBest = best.stream().mapToDouble(expert -> Math.exp(scores[expert])).sum();
    boolean amongBest = names == Names.GPT_OSS || normalised;
    best.forEach(expert -> shares[expert] = Math.exp(scores[expert]) / (amongBest ? ofBest : all));
    return shares;
  }

  private double[] expert(Map<String, double[]> tensors, String block, int expert, double[] x) {
    switch (names) {
      case QWEN, MIXTRAL -> {
        List<String> modules = modules(block, expert);
        double[] gate = times(tensors.get(modules.get(0)), x);
        double[] up = times(tensors.get(modules.get(1)), x);
        return times(tensors.get(modules.get(2)), gated(gate, up));
      }
      case FUSED -> {
        double[] both = times(tensors.get(part(block, "gate_up_proj", expert)), x);
        double[] gate = Arrays.copyOfRange(both, 0, inner);
        double[] up = Arrays.copyOfRange(both, inner, 2 * inner);
        return times(tensors.get(part(block, "down_proj", expert)), gated(gate, up));
      }
      case GPT_OSS -> {
        double[] both = timesTransposed(tensors, part(block, "gate_up_proj", expert), x);
        double[] within = new double[inner];
        for (int i = 0; i < inner; i++) {
          double gate = Math.min(7, both[2 * i]);
          double up = Math.max(-7, Math.min(7, both[2 * i + 1]));
          within[i] = (up + 1) * gate / (1 + Math.exp(-1.702 * gate));
        }
        return timesTransposed(tensors, part(block, "down_proj", expert), within);
      }
    }
    throw new IllegalStateException(names.name());
  }

  private static double[] gated(double[] gate, double[] up) {
    double[] within = new double[gate.length];
    for (int i = 0; i < gate.length; i++) {
      within[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
    }
    return within;
  }

  /** With the bias beside it. */
  private static double[] timesTransposed(Map<String, double[]> tensors, String name, double[] x) {
    double[] matrix = tensors.get(name);
    double[] y = tensors.get(name.replace("[", "_bias[")).clone();
    for (int in = 0; in < x.length; in++) {
      for (int out = 0; out < y.length; out++) {
        y[out] += x[in] * matrix[in * y.length + out];
      }
    }
    return y;
  }

  private static double[] times(double[] matrix, double[] x) {
    double[] y = new double[matrix.length / x.length];
    for (int out = 0; out < y.length; out++) {
      for (int in = 0; in < x.length; in++) {
        y[out] += matrix[out * x.length + in] * x[in];
      }
    }
    return y;
  }

  private static double[] plus(double[] x, double[] y) {
    double[] sum = x.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += y[i];
    }
    return sum;
  }

  private String router(String block) {
    return block
        + switch (names) {
          case QWEN, FUSED -> "mlp.gate";
          case MIXTRAL -> "block_sparse_moe.gate";
          case GPT_OSS -> "mlp.router";
        };
  }

  /** Gate, up, down. */
  private List<String> modules(String block, int expert) {
    return names == Names.QWEN
        ? Stream.of("gate", "up", "down")
            .map(module -> block + "mlp.experts." + expert + "." + module + "_proj.weight")
            .toList()
        : Stream.of("w1", "w3", "w2")
            .map(module -> block + "block_sparse_moe.experts." + expert + "." + module + ".weight")
            .toList();
  }

  private static String part(String block, String tensor, int expert) {
    return block + "mlp.experts." + tensor + "[" + expert + "]";
  }
}
