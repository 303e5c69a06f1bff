package dev.polyphase.phases.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The architectures that are implemented, by the class name in {@code config.json}. */
public enum Architecture {
  LLAMA("LlamaForCausalLM"),
  MISTRAL("MistralForCausalLM"),
  QWEN2("Qwen2ForCausalLM"),
  QWEN3("Qwen3ForCausalLM");

  private final String className;

  Architecture(String className) {
    this.className = className;
  }

  static Optional<Architecture> named(String className) {
    return Arrays.stream(values()).filter(a -> a.className.equals(className)).findFirst();
  }

  /** The architecture whose class name ends a longer one, as in {@code FSDPQwen2ForCausalLM}. */
  static Optional<Architecture> behindPrefix(String className) {
    return Arrays.stream(values()).filter(a -> className.endsWith(a.className)).findFirst();
  }

  String className() {
    return className;
  }

  static String names() {
    return Arrays.stream(values()).map(a -> a.className).collect(Collectors.joining(", "));
  }
}
