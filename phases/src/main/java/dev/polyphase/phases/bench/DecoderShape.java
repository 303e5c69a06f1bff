package dev.polyphase.phases.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.FeedForward;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.problems.Place;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shape of a model and of a batch for it.
 *
 * @param config the model as {@code config.json} describes it
 * @param model what that means
 * @param sequence tokens of a row
 * @param batch rows of a step
 */
public record DecoderShape(String config, ModelConfig model, int sequence, int batch) {
  /** What the names of experts' parameters have in common. */
  private static final String EXPERTS = ".experts.";

  /**
   * What a linear layer's weight {@code [out, in]} multiplies.
   *
   * @param tokens how many of a step's it sees
   */
  record Linear(int out, int in, int tokens) {}

  /**
   * The shape of a model.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where the configuration is none
   */
  public static DecoderShape of(String config, int sequence, int batch) {
    return new DecoderShape(
        config, ConfigReader.read(json(config), Place.in("config.json")), sequence, batch);
  }

  /** The model's class, as {@code LlamaForCausalLM}. */
  public String architecture() {
    return json(config).path("architectures").path(0).asText();
  }

  /** Its blocks. */
  public int layers() {
    return model.numLayers();
  }

  /** Its words. */
  public int vocabulary() {
    return model.vocabSize();
  }

  /** The tokens of a step. */
  public int tokens() {
    return batch * sequence;
  }

  /** How many values the model has. */
  public long values() {
    return new ModelLayout(model).parameters().stream().mapToLong(Parameter::values).sum();
  }

  /**
   * The matrices of the blocks but for routers, by name: what is scanned of a model by default, and
   * what LoRA adapts.
   */
  public Map<String, List<Long>> matrices() {
    Map<String, List<Long>> matrices = new LinkedHashMap<>();
    for (int layer = 0; layer < layers(); layer++) {
      matrices.putAll(matricesOf(layer));
      if (model.blocks().get(layer).feedForward() instanceof Experts experts) {
        String router = "." + experts.router() + ".weight";
        matrices.keySet().removeIf(name -> name.endsWith(router));
      }
    }
    return matrices;
  }

  private Map<String, List<Long>> matricesOf(int layer) {
    Map<String, List<Long>> matrices = new LinkedHashMap<>();
    for (Parameter parameter : new ModelLayout(model).block(layer).values()) {
      if (parameter.shape().size() == 2) {
        matrices.put(parameter.name(), parameter.shape());
      }
    }
    return matrices;
  }

  /** The linear layers of the model, the head being the last. */
  List<Linear> linears() {
    return List.copyOf(linearsByWeight().values());
  }

  /** The linear layers by their weights' names, in that order; a tied head's is the embedding. */
  Map<String, Linear> linearsByWeight() {
    Map<String, Linear> linears = new LinkedHashMap<>();
    for (int layer = 0; layer < layers(); layer++) {
      FeedForward feedForward = model.blocks().get(layer).feedForward();
      matricesOf(layer)
          .forEach(
              (name, shape) ->
                  linears.put(
                      name, linear(shape.get(0), shape.get(1), tokensOf(name, feedForward))));
    }
    linears.put(new ModelLayout(model).head(), linear(vocabulary(), model.hiddenSize(), tokens()));
    return linears;
  }

  /** Of experts' matrices the tokens that go through one where they are dealt out evenly. */
  private int tokensOf(String matrix, FeedForward feedForward) {
    if (!(feedForward instanceof Experts experts) || !matrix.contains(EXPERTS)) {
      return tokens();
    }
    return Math.max(1, Math.toIntExact((long) tokens() * experts.chosen() / experts.count()));
  }

  private static Linear linear(long out, long in, int tokens) {
    return new Linear(Math.toIntExact(out), Math.toIntExact(in), tokens);
  }

  private static JsonNode json(String config) {
    try {
      return new ObjectMapper().readTree(config);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a shape that is no JSON", e);
    }
  }
}
