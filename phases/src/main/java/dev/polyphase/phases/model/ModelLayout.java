package dev.polyphase.phases.model;

import dev.polyphase.phases.model.Parameter.FirstValues;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TensorInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tensors that a configuration asks for, by their names in checkpoints. */
public final class ModelLayout {
  public static final String EMBEDDING = "model.embed_tokens.weight";
  public static final String FINAL_NORM = "model.norm.weight";
  public static final String HEAD = HeadTie.HEAD;

  /** What the names of all blocks' parameters begin with; the block's number and a dot follow. */
  static final String BLOCKS = "model.layers.";

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
    return parameter.startsWith(BLOCKS);
  }

  /** What a parameter is a part of: its block, as {@code model.layers.3.}, or itself alone. */
  public static String partOf(String parameter) {
    return isOfBlock(parameter)
        ? parameter.substring(0, parameter.indexOf('.', BLOCKS.length()) + 1)
        : parameter;
  }

  /** The head's tensor: the embedding's where they are tied. */
  public String head() {
    return config.tiedHead() ? EMBEDDING : HEAD;
  }

  /**
   * The parameter that a tensor of a checkpoint stands for: itself, or the embedding where a
   * checkpoint stores a tied head a second time.
   */
  public String parameterOf(String tensorName) {
    return tensorName.equals(HEAD) ? head() : tensorName;
  }

  /** Every parameter, once, in the order of the forward pass. */
  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(
        Parameter.of(EMBEDDING, FirstValues.NORMAL, config.vocabSize(), config.hiddenSize()));
    for (int layer = 0; layer < config.numLayers(); layer++) {
      parameters.addAll(block(layer).values());
    }
    parameters.add(Parameter.of(FINAL_NORM, FirstValues.ONES, config.hiddenSize()));
    if (!config.tiedHead()) {
      parameters.add(
          Parameter.of(HEAD, FirstValues.NORMAL, config.vocabSize(), config.hiddenSize()));
    }
    return parameters;
  }

  /** A block's parameters by role ({@code q_proj.weight}), in the order of its kernel's list. */
  public Map<String, Parameter> block(int layer) {
    return config.blocks().get(layer).parameters(prefix(layer));
  }

  /** What the names of a block's parameters begin with, {@code model.layers.3.}. */
  public static String prefix(int layer) {
    return BLOCKS + layer + ".";
  }

  /**
   * Compares a checkpoint with this layout.
   *
   * @throws InputException naming the tensors, up to ten, that are missing, have another shape or
   *     no floating-point dtype, or that the configuration gives no place
   */
  public void check(Checkpoint checkpoint) {
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
                    + (parameter.name().equals(HEAD) ? TIE_IT : "")));
      } else {
        compare(parameter, found.get(), problems);
      }
    }
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (!expected.containsKey(tensor.name()) && !isIdle(tensor.name())) {
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

  /** What older checkpoints carry beside the parameters: a tied head, the rotary frequencies. */
  private boolean isIdle(String name) {
    return name.endsWith("rotary_emb.inv_freq") || (config.tiedHead() && name.equals(HEAD));
  }

  private static Problem problem(Checkpoint checkpoint, String sentence) {
    return new Problem(Place.in(checkpoint.folder().toString()), sentence);
  }
}
