package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.FolderLinks;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsOutline;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Models with random weights, as {@code transformers} initialises them: matrices normal with the
 * configuration's {@code initializer_range} (0.02), norms 1, biases 0.
 */
public final class RandomModels implements ModelMaker {
  @Override
  public void outline(Path config, Path tokenizer, Path folder) throws IOException {
    if (JsonFile.read(config).path("text_config").isObject()) {
      throw new InputException(
          Place.in(config.toString()),
          "is of a model of several parts, of which a new one can't be made; give the configuration of a model of text alone");
    }
    ModelLayout layout = new ModelLayout(ConfigReader.readFile(config));
    if (!InputFile.isThere(tokenizer.resolve("tokenizer.json"))) {
      throw new InputException(
          Place.in(tokenizer.toString()),
          "holds no tokenizer.json, which a new model needs; "
              + Tokenizer.remedyWithout(tokenizer));
    }
    FolderLinks.requireOwn(tokenizer);
    for (Path file : filesOf(tokenizer)) {
      if (!Files.isReadable(file)) {
        throw InputFile.notAllowed(file);
      }
      Files.copy(file, folder.resolve(file.getFileName()));
    }
    Files.copy(config, folder.resolve("config.json"));
    SafetensorsOutline.write(
        folder.resolve("model.safetensors"), elementType(config), layout.storedShapes());
  }

  @Override
  public void create(Path outline, Path target, long seed) throws IOException {
    Path config = outline.resolve("config.json");
    double spread = JsonFile.read(config).path("initializer_range").asDouble(0.02);
    Checkpoint empty = Checkpoint.open(outline);
    Map<String, NewTensor> values = new HashMap<>();
    for (Parameter parameter : new ModelLayout(ConfigReader.readFile(config)).parameters()) {
      TensorInfo tensor = empty.find(parameter.name()).orElseThrow();
      values.put(
          tensor.name(),
          new NewTensor(tensor.type(), new RandomValues(tensor, parameter.first(), spread, seed)));
    }
    CheckpointWriter.write(empty, target, values, Map.of());
  }

  /** The tokenizer's files; a configuration or weights beside them belong to another model. */
  private static List<Path> filesOf(Path tokenizer) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(tokenizer)) {
      for (Path file : all.sorted().toList()) {
        String name = file.getFileName().toString();
        boolean another = name.equals("config.json") || name.contains("safetensors");
        if (Files.isRegularFile(file) && !name.startsWith(".") && !another) {
          files.add(file);
        }
      }
    }
    return files;
  }

  private static ElementType elementType(Path config) throws IOException {
    JsonNode root = JsonFile.read(config);
    String dtype = root.path("dtype").asText(root.path("torch_dtype").asText("float32"));
    return switch (dtype) {
      case "float32" -> ElementType.F32;
      case "bfloat16" -> ElementType.BF16;
      default ->
          throw new InputException(
              Place.in(config.toString()),
              "dtype is '%s'; a new model is float32 or bfloat16".formatted(dtype));
    };
  }
}
