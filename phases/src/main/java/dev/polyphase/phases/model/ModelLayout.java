package dev.polyphase.phases.model;

import dev.polyphase.phases.model.Parameter.FirstValues;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FusedExperts;
import dev.polyphase.weights.FusedExperts.PartName;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.QuantizedWeights;
import dev.polyphase.weights.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensors that a configuration asks for, by their names in checkpoints. */
public final class ModelLayout {
  /** What the name of a block's parameter begins with, the block's number in the group. */
  private static final Pattern BLOCK = Pattern.compile("(?:.+?\\.)?layers\\.([0-9]+)\\.");

  private static final String TIE_IT =
      "; if the head is the embedding, set %s to true there".formatted(HeadTie.KEY);

  /** A config of another model fits no tensor at all. */
  private static final int MOST_PROBLEMS = 10;

  private final ModelConfig config;

  public ModelLayout(ModelConfig config) {
    this.config = config;
  }

  /** The configuration that asks for them. */
  public ModelConfig config() {
    return config;
  }

  /** Whether a parameter is a block's; an adapter is where the weight is that it adapts. */
  public static boolean isOfBlock(String parameter) {
    return blockOf(parameter).isPresent();
  }

  /** The block of a parameter, or of an adapter's; empty for those of the two ends. */
  public static OptionalInt blockOf(String parameter) {
    Matcher block = BLOCK.matcher(parameter);
    return block.lookingAt()
        ? OptionalInt.of(Integer.parseInt(block.group(1)))
        : OptionalInt.empty();
  }

  /** What a parameter is a part of: its block, as {@code model.layers.3.}, or itself alone. */
  public static String partOf(String parameter) {
    Matcher block = BLOCK.matcher(parameter);
    return block.lookingAt() ? block.group() : parameter;
  }

  /** The embedding's tensor. */
  public String embedding() {
    return config.names().embeddings();
  }

  /** The final norm's tensor. */
  public String finalNorm() {
    return config.names().prefix() + "norm.weight";
  }

  /** The head's tensor: the embedding's where they are tied. */
  public String head() {
    return config.tiedHead() ? embedding() : config.names().head();
  }

  /**
   * The parameter that a tensor of a checkpoint stands for: itself, or the embedding where a
   * checkpoint stores a tied head a second time.
   */
  public String parameterOf(String tensorName) {
    return tensorName.equals(config.names().head()) ? head() : tensorName;
  }

  /** Every parameter, once, in the order of the forward pass. */
  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(
        Parameter.of(embedding(), FirstValues.NORMAL, config.vocabSize(), config.hiddenSize()));
    for (int layer = 0; layer < config.numLayers(); layer++) {
      parameters.addAll(block(layer).values());
    }
    parameters.add(Parameter.of(finalNorm(), config.norm().firstValues(), config.hiddenSize()));
    if (!config.tiedHead()) {
      parameters.add(
          Parameter.of(head(), FirstValues.NORMAL, config.vocabSize(), config.hiddenSize()));
    }
    return parameters;
  }

  /** A block's parameters by role ({@code q_proj.weight}), in the order of its kernel's list. */
  public Map<String, Parameter> block(int layer) {
    return config.blocks().get(layer).parameters(prefix(layer));
  }

  /** What the names of a block's parameters begin with, {@code model.layers.3.}. */
  public String prefix(int layer) {
    return config.names().prefix() + "layers." + layer + ".";
  }

  /**
   * Compares a checkpoint with this layout.
   *
   * @throws InputException naming the tensors, up to ten, that are missing, have another shape or
   *     no floating-point dtype, or that the configuration gives no place; of quantised weights
   *     saying that alone
   */
  public void check(Checkpoint checkpoint) {
    refuseQuantized(checkpoint);
    Map<String, Parameter> expected = new LinkedHashMap<>();
    parameters().forEach(parameter -> expected.put(parameter.name(), parameter));
    List<Problem> problems = new ArrayList<>();
    for (Parameter parameter : expected.values()) {
      Optional<TensorInfo> found = checkpoint.find(parameter.name());
      if (found.isEmpty()) {
        problems.add(
            problem(
                checkpoint,
                "the tensor %s is missing; config.json asks for it with shape %s"
                        .formatted(parameter.name(), parameter.shape())
                    + (parameter.name().equals(config.names().head()) ? TIE_IT : "")));
      } else {
        compare(parameter, found.get(), problems);
      }
    }
    Map<String, Long> fused = expertsOfFused();
    for (TensorInfo tensor : checkpoint.tensors()) {
      Long experts = fused.get(tensor.name());
      if (experts != null) {
        if (!tensor.shape().get(0).equals(experts)) {
          problems.add(
              problem(
                  checkpoint,
                  "the tensor %s holds %d experts, but config.json asks for %d"
                      .formatted(tensor.name(), tensor.shape().get(0), experts)));
        }
      } else if (!expected.containsKey(tensor.name()) && !isIdle(tensor.name())) {
        problems.add(
            problem(
                checkpoint,
                "the tensor %s has no place in the architecture of config.json"
                    .formatted(tensor.name())));
      }
    }
    if (problems.size() > MOST_PROBLEMS) {
      int more = problems.size() - MOST_PROBLEMS;
      problems.subList(MOST_PROBLEMS, problems.size()).clear();
      problems.add(
          problem(
              checkpoint, more + " more tensors do not fit config.json; is it another model's?"));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  /** Names and shapes of quantised weights are others too, which says less. */
  private void refuseQuantized(Checkpoint checkpoint) {
    List<TensorInfo> heeded =
        checkpoint.tensors().stream().filter(tensor -> !isIdle(tensor.name())).toList();
    Optional<String> sentence = QuantizedWeights.sentence(heeded);
    if (sentence.isPresent()) {
      throw new InputException(List.of(problem(checkpoint, sentence.get())));
    }
  }

  /**
   * How tensors are stored, by name in the order of the forward pass: each parameter for itself,
   * but those that are experts' parts of one tensor as that, {@code [experts, ...]}.
   */
  public Map<String, List<Long>> storedShapes() {
    Map<String, Long> fused = expertsOfFused();
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    for (Parameter parameter : parameters()) {
      String whole = FusedExperts.partName(parameter.name()).map(PartName::tensor).orElse("");
      if (fused.containsKey(whole)) {
        List<Long> shape = new ArrayList<>(List.of(fused.get(whole)));
        shape.addAll(parameter.shape());
        shapes.put(whole, shape);
      } else {
        shapes.put(parameter.name(), parameter.shape());
      }
    }
    return shapes;
  }

  /** How many experts each tensor holds that is several parameters, by its name. */
  private Map<String, Long> expertsOfFused() {
    Map<String, Long> experts = new HashMap<>();
    for (Parameter parameter : parameters()) {
      FusedExperts.partName(parameter.name())
          .ifPresent(part -> experts.merge(part.tensor(), part.expert() + 1L, Math::max));
    }
    return experts;
  }

  private static void compare(Parameter parameter, TensorInfo tensor, List<Problem> problems) {
    Place place = Place.in(tensor.file().toString());
    if (!tensor.shape().equals(parameter.shape())) {
      problems.add(
          new Problem(
              place,
              "the tensor %s has shape %s, but config.json asks for %s"
                  .formatted(tensor.name(), tensor.shape(), parameter.shape())));
    }
    switch (tensor.type()) {
      case F32, F16, BF16 -> {}
      case F64, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
          problems.add(
              new Problem(
                  place,
                  "the tensor %s is of dtype %s; weights in F32, BF16 and F16 are implemented"
                      .formatted(tensor.name(), tensor.type())));
    }
  }

  /**
   * What checkpoints carry beside the parameters: what is beside a text model, and older ones a
   * tied head and the rotary frequencies.
   */
  private boolean isIdle(String name) {
    boolean besideText = !config.names().covers(name);
    boolean tiedHead = config.tiedHead() && name.equals(config.names().head());
    return besideText || tiedHead || name.endsWith("rotary_emb.inv_freq");
  }

  private static Problem problem(Checkpoint checkpoint, String sentence) {
    return new Problem(Place.in(checkpoint.folder().toString()), sentence);
  }
}
