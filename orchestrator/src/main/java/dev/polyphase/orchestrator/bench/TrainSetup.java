package dev.polyphase.orchestrator.bench;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What all cases of a benchmark of training have in common.
 *
 * @param shape of model and batch
 * @param model the folder of a model of that shape, random as {@link RandomWeights} makes it
 * @param devices {@code cpu} or {@code cuda:N}, over which the blocks are spread
 * @param precision of the compute and of frozen weights
 * @param activations what backward passes are given
 * @param passes in how many micro-batches a step's rows go through the model
 * @param peer what takes the steps of cases in transformers
 */
public record TrainSetup(
    DecoderShape shape,
    Path model,
    List<String> devices,
    Precision precision,
    Activations activations,
    int passes,
    TransformersPeer peer) {

  /**
   * One whose model is random.
   *
   * @param model the folder of the model, which is made where it is not there
   * @throws dev.polyphase.pipelines.problems.InputException where another model is there
   */
  public static TrainSetup random(
      DecoderShape shape, List<String> devices, Precision precision, Path model)
      throws IOException {
    RandomWeights.findOrWrite(model, shape, precision);
    return new TrainSetup(
        shape, model, devices, precision, Activations.KEPT, 1, TransformersPeer.none());
  }

  /** The same with other activations and passes, and another peer. */
  public TrainSetup with(Activations others, int otherPasses, TransformersPeer another) {
    return new TrainSetup(shape, model, devices, precision, others, otherPasses, another);
  }

  /** The first of the devices, on which those are that know no others. */
  String device() {
    return devices.get(0);
  }

  /**
   * Loads the model.
   *
   * @param trained the weights that are trained themselves
   */
  Transformer load(Set<String> trained, Adapters adapters) throws IOException {
    return TransformerStep.load(model, trained, adapters, devices, precision, activations);
  }

  /** What the model in the folder is made of. */
  ModelLayout layout() throws IOException {
    return new ModelLayout(ConfigReader.read(Checkpoint.open(model)));
  }

  /** The bytes of the model's weights: float32 where they are trained, else in the precision. */
  long weightBytes(Set<String> trained) throws IOException {
    return layout().parameters().stream()
        .mapToLong(
            weight -> {
              Precision held = trained.contains(weight.name()) ? Precision.FLOAT32 : precision;
              return weight.values() * held.elementType().bytes();
            })
        .sum();
  }

  /** The bytes that these weights of the model take in the precision. */
  long shareBytes(Set<String> weights) throws IOException {
    return layout().parameters().stream()
        .filter(weight -> weights.contains(weight.name()))
        .mapToLong(weight -> weight.values() * precision.elementType().bytes())
        .sum();
  }
}
