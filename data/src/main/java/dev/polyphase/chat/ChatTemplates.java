package dev.polyphase.chat;

import static java.util.Map.entry;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.JsonEdit;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Chat templates that a pipeline asks for instead of the model's own: by name, our own texts, which
 * render as the family's original does, or as a file.
 */
public final class ChatTemplates {
  /** The name of the template that the model brings along. */
  public static final String OF_MODEL = "tokenizer_default";

  /** Where a model's folder has templates for special cases, which contradict another default. */
  private static final String FURTHER = "additional_chat_templates";

  /** What processors of images read. */
  private static final String OF_PROCESSOR = "chat_template.json";

  private static final List<String> CHATML = List.of("<|im_start|>", "<|im_end|>");
  private static final List<String> LLAMA3 =
      List.of("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");
  private static final List<String> GEMMA = List.of("<start_of_turn>", "<end_of_turn>");
  private static final List<String> MISTRAL = List.of("[INST]", "[/INST]");
  private static final List<String> DEEPSEEK = List.of("<｜User｜>", "<｜Assistant｜>");

  private static final Map<String, Known> KNOWN =
      new TreeMap<>(
          Map.ofEntries(
              entry("alpaca", new Known(List.of(), true)),
              entry("chatml", new Known(CHATML, false)),
              entry("deepseek_v2", new Known(DEEPSEEK, true)),
              entry("deepseek_v3", new Known(DEEPSEEK, true)),
              entry("gemma", new Known(GEMMA, false)),
              entry("gemma3", new Known(GEMMA, false)),
              entry("llama2", new Known(List.of(), true)),
              entry("llama3", new Known(LLAMA3, false)),
              entry("llama3_1", new Known(LLAMA3, false)),
              entry("llama3_2", new Known(LLAMA3, false)),
              entry("mistral_v1", new Known(List.of(), true)),
              entry("mistral_v2v3", new Known(MISTRAL, true)),
              entry("mistral_v3_tekken", new Known(MISTRAL, true)),
              entry(
                  "mistral_v7_tekken",
                  new Known(
                      List.of("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]"), true)),
              entry(
                  "phi3",
                  new Known(List.of("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), false)),
              entry("phi4", new Known(List.of("<|im_start|>", "<|im_sep|>", "<|im_end|>"), false)),
              entry("qwen2_5", new Known(CHATML, false)),
              entry("qwen3", new Known(CHATML, false)),
              entry("vicuna", new Known(List.of(), true)),
              entry("zephyr", new Known(List.of(), true))));

  /** Other names, Axolotl's among them. */
  private static final Map<String, String> ALSO =
      Map.ofEntries(
          entry("deepseek", "deepseek_v3"),
          entry("mistral", "mistral_v2v3"),
          entry("phi", "phi3"),
          entry("phi_3", "phi3"),
          entry("phi_35", "phi3"),
          entry("phi_4", "phi4"),
          entry("qwen_25", "qwen2_5"));

  private ChatTemplates() {}

  /**
   * What is known of a template of ours.
   *
   * @param tokens what it writes that must be one token each
   * @param endsWithEos whether turns end with {@code eos_token}
   */
  private record Known(List<String> tokens, boolean endsWithEos) {}

  /** The names of all templates that there are by name, sorted. */
  public static SortedSet<String> names() {
    SortedSet<String> names = new TreeSet<>(KNOWN.keySet());
    names.addAll(ALSO.keySet());
    return names;
  }

  /**
   * The template that is asked for; the special tokens that it sees are none yet.
   *
   * @param key the key that asks, for messages
   * @param asked a name, {@link #OF_MODEL}, or a file
   * @param folder what a file's path is relative to
   * @return empty where it is the model's own
   * @throws InputException where there is no such template, or a file is missing or malformed
   */
  public static Optional<ChatTemplate> of(String key, String asked, Path folder)
      throws IOException {
    if (asked.equals(OF_MODEL)) {
      return Optional.empty();
    }
    String name = ALSO.getOrDefault(asked, asked);
    if (KNOWN.containsKey(name)) {
      return Optional.of(ChatTemplate.ofText("the chat template " + asked, text(name)));
    }
    Path file =
        file(asked, folder)
            .orElseThrow(
                () ->
                    new InputException(
                        "%s: is %s, and there is no template of that name; give one of %s, %s for the model's own, or a file that ends in .jinja"
                            .formatted(key, asked, String.join(", ", names()), OF_MODEL)));
    if (!InputFile.isThere(file)) {
      throw new InputException(
          Place.in(file.toString()), "there is no such file; give the path of a chat template");
    }
    return Optional.of(ChatTemplate.ofFile(file));
  }

  /** The file that is asked for; empty where it is a name. */
  public static Optional<Path> file(String asked, Path folder) {
    boolean isName = asked.equals(OF_MODEL) || names().contains(asked);
    return !isName && (asked.endsWith(".jinja") || asked.contains("/"))
        ? Optional.of(folder.resolve(asked))
        : Optional.empty();
  }

  /** Our own text of this name. */
  static String text(String name) throws IOException {
    String resource = "templates/" + name + ".jinja";
    try (InputStream in = ChatTemplates.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("the program lacks its resource " + resource);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /**
   * Holds a tokenizer to have the tokens that a template of ours writes.
   *
   * @param key the key that asks, for messages
   * @param asked what it asks for
   * @throws InputException naming those that it lacks
   */
  public static void requireTokens(String key, String asked, Tokenizer tokenizer) {
    Known known = KNOWN.get(ALSO.getOrDefault(asked, asked));
    if (known == null) {
      return;
    }
    List<String> missing =
        known.tokens().stream().filter(token -> tokenizer.idOf(token).isEmpty()).toList();
    if (!missing.isEmpty()) {
      throw new InputException(
          "%s: is %s, which writes %s, but the model's tokenizer lacks %s, so that the model would learn pieces of it; add them with special_tokens: {additional_special_tokens: [%s]}, or take another template"
              .formatted(
                  key,
                  asked,
                  String.join(", ", known.tokens()),
                  String.join(", ", missing),
                  missing.stream()
                      .map(token -> "'" + token + "'")
                      .collect(Collectors.joining(", "))));
    }
    if (known.endsWithEos() && !tokenizer.namesEndOfText()) {
      throw new InputException(
          "%s: is %s, which ends turns with eos_token, but the model's tokenizer names none; name one with special_tokens: {eos_token: ...}, or take another template"
              .formatted(key, asked));
    }
  }

  /**
   * What changes in a model's folder for all who use it to find a template: {@code
   * chat_template.jinja} holds it, as transformers writes it, and what contradicts it goes.
   */
  public static Map<String, FileChange> saved(ChatTemplate template, Path modelFolder)
      throws IOException {
    Map<String, FileChange> changes = new LinkedHashMap<>();
    changes.put(ChatTemplate.FILE, new FileChange.Text(template.source()));
    changes.put("tokenizer_config.json", JsonEdit.removing(Set.of("chat_template")));
    changes.put(OF_PROCESSOR, new FileChange.LeftOut());
    Path further = modelFolder.resolve(FURTHER);
    if (Files.isDirectory(further)) {
      try (Stream<Path> files = Files.list(further)) {
        files.forEach(
            file ->
                changes.put(
                    Path.of(FURTHER).resolve(file.getFileName()).toString(),
                    new FileChange.LeftOut()));
      }
    }
    return changes;
  }
}
