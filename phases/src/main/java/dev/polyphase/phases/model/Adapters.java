package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Low-rank adapters to train instead of the weights of some modules (Hu et al. 2021): {@code y = x
 * W' + b + scale * dropout(x) A' B'}, with A {@code [rank, in]} and B {@code [out, rank]}.
 *
 * @param modules the adapted modules by name, projections or an untied head
 * @param rank the rank
 * @param scale alpha / rank
 * @param dropout the share of inputs that an adapter does not see in training; what it sees counts
 *     for the others too
 * @param seed of A's first values and of the dropout
 */
public record Adapters(Set<String> modules, int rank, double scale, double dropout, long seed) {
  /** What PEFT calls A and B, behind a module's name. */
  static final String A = ".lora_A.weight";

  static final String B = ".lora_B.weight";

  private static final String WEIGHT = ".weight";

  public Adapters {
    modules = Set.copyOf(modules);
  }

  /** No module is adapted. */
  public static Adapters none() {
    return new Adapters(Set.of(), 1, 1, 0, 0);
  }

  /** Whether a parameter is the weight of an adapted module. */
  public boolean adapt(String parameter) {
    return parameter.endsWith(WEIGHT) && modules.contains(module(parameter));
  }

  /** Every A and B, module by module in the order of the forward pass. */
  public List<Parameter> parameters(ModelLayout layout) {
    List<Parameter> found = new ArrayList<>();
    layout.parameters().stream()
        .filter(weight -> adapt(weight.name()))
        .forEach(weight -> found.addAll(List.of(a(weight), b(weight))));
    return found;
  }

  /** The module whose weight this is. */
  static String module(String weight) {
    return weight.substring(0, weight.length() - WEIGHT.length());
  }

  /** The A of an adapted weight. */
  public Parameter a(Parameter weight) {
    return new Parameter(module(weight.name()) + A, List.of((long) rank, weight.shape().get(1)));
  }

  /** The B of an adapted weight. */
  public Parameter b(Parameter weight) {
    return new Parameter(module(weight.name()) + B, List.of(weight.shape().get(0), (long) rank));
  }

  /** A block's parameters by role with those of its adapters behind them: {@code q_proj.lora_A}. */
  Map<String, Parameter> extend(Map<String, Parameter> block) {
    Map<String, Parameter> extended = new LinkedHashMap<>(block);
    block.forEach(
        (role, weight) -> {
          if (adapt(weight.name())) {
            extended.put(module(role) + A, a(weight));
            extended.put(module(role) + B, b(weight));
          }
        });
    return extended;
  }

  /**
   * A's first values, uniform between {@code -1 / sqrt(in)} and that, as PEFT draws them ({@code
   * kaiming_uniform_} with a = sqrt(5)). {@link Random}'s sequence is the same in every Java.
   */
  NDArray firstA(NDManager owner, Parameter a) {
    long inputs = a.shape().get(1);
    Random random = new Random(seed * 31 + a.name().hashCode());
    double bound = 1 / Math.sqrt((double) inputs);
    float[] values = new float[Math.toIntExact(a.values())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (bound * (2 * random.nextDouble() - 1));
    }
    return owner.create(values, new Shape(rank, inputs));
  }

  /** B's first values, so that the adapted model begins as the model itself. */
  NDArray firstB(NDManager owner, Parameter b) {
    return owner.zeros(new Shape(b.shape().get(0), rank), DataType.FLOAT32);
  }
}
