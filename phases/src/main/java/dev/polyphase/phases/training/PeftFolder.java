package dev.polyphase.phases.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.pipelines.Adapter;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Adapters by themselves, as PEFT writes and reads them: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}, float32. Modules are named in full, so that PEFT adapts these and no
 * others.
 */
final class PeftFolder {
  /** What PEFT puts before a module's name. */
  private static final String PREFIX = "base_model.model.";

  private PeftFolder() {}

  /**
   * Writes the folder; the configuration comes last, and without it PEFT sees no adapter.
   *
   * @param base the checkpoint that the adapters are for
   */
  static void write(Path folder, Transformer model, ModelLayout layout, Adapter adapter, Path base)
      throws IOException {
    Files.createDirectories(folder);
    List<SafetensorsFile.Tensor> tensors = new ArrayList<>();
    model.trained().forEach(trained -> tensors.add(tensor(trained.name(), trained, model)));
    Optional<TrainedTensor> embedding = model.trained().find(layout.head());
    if (embedding.isPresent() && layout.config().tiedHead()) {
      // PEFT takes what it replaces apart: without values of its own the head would keep the
      // base's.
      tensors.add(tensor("lm_head.weight", embedding.get(), model));
    }
    SafetensorsFile.write(folder.resolve("adapter_model.safetensors"), tensors);
    AtomicFiles.writeString(
        folder.resolve("adapter_config.json"),
        new ObjectMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(config(model, layout, adapter, base))
            + "\n");
  }

  private static SafetensorsFile.Tensor tensor(
      String name, TrainedTensor trained, Transformer model) {
    return new SafetensorsFile.Tensor(
        PREFIX + name,
        Arrays.stream(trained.master().shape().getShape()).boxed().toList(),
        model.weights().toWrite(trained, Precision.FLOAT32, RoundingRule.NEAREST));
  }

  /** PEFT's {@code LoraConfig}; keys that are not here have its defaults. */
  private static ObjectNode config(
      Transformer model, ModelLayout layout, Adapter adapter, Path base) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.put("peft_type", "LORA");
    config.put("task_type", "CAUSAL_LM");
    config.put("base_model_name_or_path", base.toAbsolutePath().toString());
    config.put("inference_mode", true);
    config.put("r", adapter.r());
    config.put("lora_alpha", adapter.alpha());
    config.put("lora_dropout", adapter.dropout());
    config.put("bias", "none");
    config.put("fan_in_fan_out", false);
    config.put("init_lora_weights", true);
    ArrayNode modules = config.putArray("target_modules");
    new TreeSet<>(model.weights().trainable().adapters().modules()).forEach(modules::add);
    if (model.trained().contains(layout.embedding())) {
      ArrayNode whole = config.putArray("modules_to_save").add("embed_tokens");
      if (layout.config().tiedHead()) {
        whole.add("lm_head");
      }
    } else {
      config.putNull("modules_to_save");
    }
    return config;
  }
}
