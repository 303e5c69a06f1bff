package dev.polyphase.phases.model;

import dev.polyphase.weights.Checkpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A mixture of experts: of many gated MLPs each token goes through the few that a router chooses,
 * and what they give is added up by the router's shares (Shazeer et al. 2017, eq. 1).
 *
 * <p>Each matrix of each expert is a parameter of its own, however it is stored, so that it can be
 * scanned, trained or left frozen alone.
 *
 * @param count how many experts there are
 * @param chosen how many of them a token goes through
 * @param intermediateSize the width inside one
 * @param routing how they are chosen
 * @param form what an expert's matrices are
 * @param lossWeight what the loss of routing is multiplied by before it is added to the model's; 0
 *     where none is asked for
 */
public record Experts(
    int count, int chosen, int intermediateSize, Routing routing, Form form, double lossWeight)
    implements FeedForward {

  /** How experts are chosen and what their shares are. */
  public sealed interface Routing {
    /**
     * The softmax over all experts, in float32, of which the largest are chosen.
     *
     * @param normalised whether the shares of the chosen ones are divided by their sum
     * @param rounded whether the shares are then rounded to the compute's dtype
     */
    record SoftmaxFirst(boolean normalised, boolean rounded) implements Routing {}

    /** The largest scores, and the softmax over these. */
    record TopFirst() implements Routing {}
  }

  /** What an expert's matrices are: how they are named and stored, and the formula between them. */
  public sealed interface Form {
    /**
     * Three matrices of its own, as linear layers are stored.
     *
     * @param group where router and experts are in a block, {@code mlp.}
     * @param gate the name of the gate's projection
     * @param up of the other projection from the hidden size
     * @param down of the one back
     */
    record Own(String group, String gate, String up, String down) implements Form {}

    /**
     * Its part of two tensors that hold all experts, {@code mlp.experts.gate_up_proj} of {@code
     * [experts, 2 inner, hidden]}, gate above up, and {@code mlp.experts.down_proj} of {@code
     * [experts, hidden, inner]}: what transformers 5 has in memory in the place of {@link Own}.
     */
    record Fused() implements Form {}

    /**
     * As gpt-oss has them: fused, transposed, with biases, gate and up column by column in turns,
     * and {@code (up + 1) * gate * sigmoid(alpha * gate)} of what was clamped.
     *
     * @param limit the gate is at most this, the other between it and its negative
     * @param alpha of the formula
     */
    record Interleaved(double limit, double alpha) implements Form {}
  }

  private static final String GROUP = "mlp.";
  private static final String GATE_AND_UP = "experts.gate_up_proj";
  private static final String DOWN = "experts.down_proj";
  private static final String BIAS = "_bias";

  /**
   * The same, stored as a checkpoint has them: what transformers loads from matrices of their own
   * may have been saved fused.
   */
  Experts storedIn(Checkpoint checkpoint) {
    boolean fused =
        checkpoint.tensors().stream()
            .anyMatch(tensor -> tensor.name().endsWith(GROUP + GATE_AND_UP));
    return form instanceof Form.Own && fused
        ? new Experts(count, chosen, intermediateSize, routing, new Form.Fused(), lossWeight)
        : this;
  }

  @Override
  public void addTo(BlockTensors tensors, int hiddenSize) {
    long inner = intermediateSize;
    if (form instanceof Form.Own own) {
      tensors.project(own.group(), router(), count, hiddenSize, false);
      for (int expert = 0; expert < count; expert++) {
        tensors.project(own.group(), own(expert, own.gate()), inner, hiddenSize, false);
        tensors.project(own.group(), own(expert, own.up()), inner, hiddenSize, false);
        tensors.project(own.group(), own(expert, own.down()), hiddenSize, inner, false);
      }
      return;
    }
    boolean transposed = form instanceof Form.Interleaved;
    tensors.project(GROUP, router(), count, hiddenSize, transposed);
    for (int expert = 0; expert < count; expert++) {
      if (transposed) {
        tensors.matrix(GROUP, part(GATE_AND_UP, expert), hiddenSize, 2 * inner);
        tensors.bias(GROUP, part(GATE_AND_UP + BIAS, expert), 2 * inner);
        tensors.matrix(GROUP, part(DOWN, expert), inner, hiddenSize);
        tensors.bias(GROUP, part(DOWN + BIAS, expert), hiddenSize);
      } else {
        tensors.matrix(GROUP, part(GATE_AND_UP, expert), 2 * inner, hiddenSize);
        tensors.matrix(GROUP, part(DOWN, expert), hiddenSize, inner);
      }
    }
  }

  /** The router, then expert by expert. */
  @Override
  public List<String> projections() {
    List<String> projections = new ArrayList<>(List.of(router()));
    projections.addAll(ofExperts());
    return projections;
  }

  /** The projections of the experts, expert by expert: what kernels have a table of. */
  List<String> ofExperts() {
    List<String> projections = new ArrayList<>();
    for (int expert = 0; expert < count; expert++) {
      if (form instanceof Form.Own own) {
        for (String module : List.of(own.gate(), own.up(), own.down())) {
          projections.add(own(expert, module));
        }
      } else {
        projections.add(part(GATE_AND_UP, expert));
        projections.add(part(DOWN, expert));
      }
    }
    return projections;
  }

  /** The projection that gives experts' scores. */
  public String router() {
    return form instanceof Form.Interleaved ? "router" : "gate";
  }

  /** The role of a projection's weight: a part of a fused tensor is named as the tensor is. */
  static String weightOf(String projection) {
    return projection.endsWith("]") ? projection : projection + ".weight";
  }

  /** The role of a projection's bias, where it has one. */
  static String biasOf(String projection) {
    return projection.endsWith("]") ? projection.replace("[", BIAS + "[") : projection + ".bias";
  }

  @Override
  public List<String> sources() {
    String routes =
        routing instanceof Routing.TopFirst ? "top_then_softmax.py" : "softmax_then_top.py";
    String formula =
        form instanceof Form.Own
            ? "own_experts.py"
            : form instanceof Form.Fused ? "fused_experts.py" : "interleaved_experts.py";
    return List.of("parts/experts.py", "parts/" + routes, "parts/" + formula);
  }

  @Override
  public Map<String, Object> constants() {
    Map<String, Object> constants = new HashMap<>();
    constants.put("experts", count);
    constants.put("chosen", chosen);
    constants.put("indices_of_expert", 5 * (form instanceof Form.Own ? 3 : 2));
    constants.put("says_routing", lossWeight > 0 ? "True" : "False");
    if (routing instanceof Routing.SoftmaxFirst first) {
      constants.put("normalised", first.normalised() ? "True" : "False");
      constants.put("shares_rounded", first.rounded() ? "True" : "False");
    }
    if (form instanceof Form.Interleaved interleaved) {
      constants.put("swiglu_limit", interleaved.limit());
      constants.put("swiglu_alpha", interleaved.alpha());
    }
    return constants;
  }

  /**
   * The input and the result; the softmax in float32; the copies of the token, one for each expert
   * that it goes through, where any expert is trained; of each the inner arrays, as many of the
   * last as there are experts whose way back is trained; and what each gives.
   */
  @Override
  public long savedBytesOfToken(BlockPass pass, int hiddenSize) {
    boolean clamped = form instanceof Form.Interleaved;
    long values = 2L * hiddenSize;
    values += trained(pass, true) > 0 ? (long) chosen * hiddenSize : 0;
    values += (long) chosen * (clamped ? 6 : 3) * intermediateSize;
    values += (long) chosen * intermediateSize * trained(pass, false) / count;
    values += (long) chosen * hiddenSize;
    return values * pass.computeBytes() + 4L * count;
  }

  /** The gradients of what experts give, of their inner arrays and of the token's copies. */
  @Override
  public long backwardBytesOfToken(BlockPass pass, int hiddenSize) {
    return chosen * (3L * hiddenSize + intermediateSize) * pass.computeBytes();
  }

  /** Of the tokens the share that a projection is for, where experts have as many as each other. */
  double shareOfTokens(String projection) {
    return projection.startsWith("experts.") ? (double) chosen / count : 1;
  }

  /**
   * How many experts' projections are trained.
   *
   * @param inwards whether it is those from the hidden size, else those back
   */
  private int trained(BlockPass pass, boolean inwards) {
    List<String> projections = ofExperts();
    int ofExpert = projections.size() / count;
    int trained = 0;
    for (int i = 0; i < projections.size(); i++) {
      boolean isInwards = i % ofExpert < ofExpert - 1;
      if (isInwards == inwards && pass.trained().contains(weightOf(projections.get(i)))) {
        trained++;
      }
    }
    return trained;
  }

  private static String own(int expert, String module) {
    return "experts." + expert + "." + module;
  }

  private static String part(String fused, int expert) {
    return fused + "[" + expert + "]";
  }
}
