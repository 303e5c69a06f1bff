package dev.polyphase.phases.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * transformers' names in memory of our parameters. It holds all experts of a block in one tensor,
 * of gate and up in one, and has its own names for what Mixtral's and the wrappers' files have.
 */
public final class GoldenNames {
  private GoldenNames() {}

  /** The name of the tensor that has our parameter's values. */
  public static String of(String parameter) {
    return text(parameter)
        .replaceFirst("\\[\\d+]$", "")
        .replace(".block_sparse_moe.", ".mlp.")
        .replaceFirst(
            "\\.experts\\.\\d+\\.(gate_proj|up_proj|w1|w3)\\.weight$", ".experts.gate_up_proj")
        .replaceFirst("\\.experts\\.\\d+\\.(down_proj|w2)\\.weight$", ".experts.down_proj");
  }

  /** The name in the text model alone of what a multimodal model's file or memory has. */
  public static String text(String name) {
    return name.replaceFirst("^(language_model\\.model|model\\.language_model)\\.", "model.")
        .replaceFirst("^language_model\\.lm_head\\.", "lm_head.");
  }

  /** Our parameters that some of transformers' tensors have the values of. */
  public static Set<String> parameters(Path checkpoint, Set<String> tensors) throws IOException {
    Set<String> text = tensors.stream().map(GoldenNames::text).collect(Collectors.toSet());
    return ParameterNames.of(checkpoint).stream()
        .filter(name -> text.contains(of(name)))
        .collect(Collectors.toSet());
  }
}
