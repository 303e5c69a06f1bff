package dev.polyphase.orchestrator.bench;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * What all cases of a benchmark of training have in common.
 *
 * @param shape of model and batch
 * @param model the folder of a model of that shape, float32
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the compute and of frozen weights
 */
public record TrainSetup(DecoderShape shape, Path model, String device, Precision precision) {
  private static final long SEED = 42;

  /**
   * One whose model is random.
   *
   * @param folder an empty folder, for the model
   */
  static TrainSetup random(DecoderShape shape, String device, Precision precision, Path folder)
      throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    // The benchmark has tokens of its own; the folder of a model is not whole without the file.
    Files.writeString(tokenizer.resolve("tokenizer.json"), "{}");
    Path config = Files.writeString(folder.resolve("config.json"), shape.config());
    Path outline = Files.createDirectory(folder.resolve("outline"));
    Path model = folder.resolve("model");
    RandomModels models = new RandomModels();
    models.outline(config, tokenizer, outline);
    models.create(outline, model, SEED);
    return new TrainSetup(shape, model, device, precision);
  }

  /**
   * Loads the model.
   *
   * @param trained the weights that are trained themselves
   */
  Transformer load(Set<String> trained, Adapters adapters) throws IOException {
    return TransformerStep.load(model, trained, adapters, device, precision);
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
