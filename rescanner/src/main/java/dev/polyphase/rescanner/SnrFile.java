package dev.polyphase.rescanner;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.PythonFloat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A scan's file in the published format: {@code {"module": {"snr": x, "type": "t"}}} in the scan's
 * order, the bytes of Python's {@code json.dump(..., indent=4)}. What is not finite stands there as
 * {@code Infinity} and {@code NaN}.
 */
public final class SnrFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final int MOST_SHOWN = 80;

  private SnrFile() {}

  /** Writes the flat layout. */
  public static void write(Path file, List<ModuleSnr> snrs) throws IOException {
    AtomicFiles.writeString(file, text(snrs));
  }

  /** The text of the flat layout. */
  public static String text(List<ModuleSnr> snrs) {
    List<String> entries = new ArrayList<>();
    for (ModuleSnr snr : snrs) {
      entries.add(
          "    "
              + quoted(snr.module())
              + ": {\n"
              + "        \"snr\": "
              + PythonFloat.toString(snr.snr())
              + ",\n"
              + "        \"type\": "
              + quoted(snr.type())
              + "\n"
              + "    }");
    }
    return entries.isEmpty() ? "{}" : "{\n" + String.join(",\n", entries) + "\n}";
  }

  /** As Python quotes, which writes ASCII alone. */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\r' -> quoted.append("\\r");
        case '\t' -> quoted.append("\\t");
        case '\b' -> quoted.append("\\b");
        case '\f' -> quoted.append("\\f");
        default -> {
          if (c < ' ' || c > '~') {
            quoted.append(String.format("\\u%04x", (int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  /**
   * Reads either published layout, also from standard input ({@code -}): the flat one, or {@code
   * {"type": {"module": snr}}}.
   *
   * @return the entries in the file's order, at least one
   * @throws InputException when the file is no scan
   */
  public static List<ModuleSnr> read(Path file) throws IOException {
    JsonNode root = JsonFile.read(file, JSON);
    if (!root.isObject() || root.isEmpty()) {
      throw new InputException(
          Place.in(InputFile.name(file)),
          "this is no scan: it holds no modules; give a file as 'polyphase scan' writes it");
    }
    List<ModuleSnr> snrs = new ArrayList<>();
    List<Problem> problems = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (isFlat(entry.getValue())) {
        snrs.add(flat(entry.getKey(), entry.getValue()));
      } else if (isNested(entry.getValue())) {
        snrs.addAll(nested(entry.getKey(), entry.getValue()));
      } else {
        problems.add(
            new Problem(
                Place.in(InputFile.name(file)),
                "'"
                    + entry.getKey()
                    + "' is "
                    + shown(entry.getValue())
                    + "; it should be {\"snr\": number, \"type\": text}, or a type's"
                    + " {module: number}"));
      }
    }
    Set<String> modules = new HashSet<>();
    for (ModuleSnr snr : snrs) {
      fault(snr, modules)
          .ifPresent(fault -> problems.add(new Problem(Place.in(file.toString()), fault)));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return snrs;
  }

  /**
   * What is wrong with an entry's names, which a selection writes line by line.
   *
   * @param before the modules of the entries before it
   */
  private static Optional<String> fault(ModuleSnr snr, Set<String> before) {
    if (!PlainText.isPlain(snr.module()) || !PlainText.isPlain(snr.type())) {
      return Optional.of(
          "the name of the module '%s' of type '%s' holds a control character or a mark of direction; scan the model again"
              .formatted(snr.module(), snr.type()));
    }
    return before.add(snr.module())
        ? Optional.empty()
        : Optional.of(
            "the module '%s' stands in it twice, the second time in type '%s'; remove one"
                .formatted(snr.module(), snr.type()));
  }

  private static String shown(JsonNode value) {
    String json = value.toString();
    return json.length() <= MOST_SHOWN ? json : json.substring(0, MOST_SHOWN) + "...";
  }

  private static boolean isFlat(JsonNode entry) {
    return entry.path("snr").isNumber() && entry.path("type").isTextual();
  }

  private static ModuleSnr flat(String module, JsonNode entry) {
    return new ModuleSnr(module, entry.get("type").textValue(), entry.get("snr").doubleValue());
  }

  private static boolean isNested(JsonNode entry) {
    if (!entry.isObject() || entry.isEmpty()) {
      return false;
    }
    return entry.properties().stream().allMatch(module -> module.getValue().isNumber());
  }

  private static List<ModuleSnr> nested(String type, JsonNode entry) {
    return entry.properties().stream()
        .map(module -> new ModuleSnr(module.getKey(), type, module.getValue().doubleValue()))
        .toList();
  }
}
