package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** A folder that PEFT wrote: an adapter, which is no model without its base. */
public final class AdapterFolder {
  static final String CONFIG = "adapter_config.json";

  private AdapterFolder() {}

  /**
   * What to say of a folder that lacks a part of a model, if it is an adapter's: what it is and
   * what to do. A whole model may have such a file beside it, and is not asked about.
   */
  public static Optional<String> sentence(Path folder) throws IOException {
    Path config = folder.resolve(CONFIG);
    if (InputFile.kindOf(config) != InputFile.Kind.FILE) {
      return Optional.empty();
    }
    String base = baseOf(config);
    return Optional.of(
        "this is an adapter"
            + (base.isEmpty() ? "" : " of the model " + base)
            + " ("
            + CONFIG
            + "), not a whole model; merge it into that model first, as with PEFT's"
            + " merge_and_unload() and save_pretrained(), and name the merged folder");
  }

  /** Empty where the file does not say. */
  private static String baseOf(Path config) throws IOException {
    try {
      return new ObjectMapper()
          .readTree(InputFile.readAllBytes(config))
          .path("base_model_name_or_path")
          .asText("");
    } catch (JsonProcessingException e) {
      return "";
    }
  }
}
