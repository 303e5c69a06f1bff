package dev.polyphase.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.PlainText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A tensor as a safetensors header has it.
 *
 * @param begin its first byte, from the start of the data
 * @param end the byte behind its last, from the start of the data
 */
record HeaderEntry(String name, ElementType type, List<Long> shape, long begin, long end) {

  /**
   * Reads {@code {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}; other keys are
   * ignored.
   *
   * @param problem takes a sentence for each thing that is wrong
   * @return empty where something is wrong
   */
  static Optional<HeaderEntry> read(String name, JsonNode node, Consumer<String> problem) {
    String subject = "tensor '" + name + "' ";
    if (!PlainText.isPlain(name)) {
      problem.accept(
          subject
              + "has a control character or a mark of direction in its name; rename it and save the"
              + " file again");
    }
    Optional<ElementType> type = ElementType.ofCode(node.path("dtype").asText());
    if (type.isEmpty()) {
      problem.accept(
          subject
              + "has the dtype "
              + StrictJson.shown(node.path("dtype"))
              + "; convert it to one of "
              + Arrays.toString(ElementType.values()).replaceAll("[\\[\\]]", ""));
    }
    Optional<List<Long>> shape = wholeNumbers(node.path("shape"));
    if (shape.isEmpty()) {
      problem.accept(
          subject
              + "has the shape "
              + StrictJson.shown(node.path("shape"))
              + ", but it must be a list of whole numbers from 0; copy the file again");
    }
    Optional<List<Long>> offsets =
        wholeNumbers(node.path("data_offsets"))
            .filter(range -> range.size() == 2 && range.get(0) <= range.get(1));
    if (offsets.isEmpty()) {
      problem.accept(
          subject
              + "has the data_offsets "
              + StrictJson.shown(node.path("data_offsets"))
              + ", but they must be its first byte and the byte behind its last; copy the file again");
    }
    if (type.isEmpty() || shape.isEmpty() || offsets.isEmpty()) {
      return Optional.empty();
    }
    HeaderEntry entry =
        new HeaderEntry(name, type.get(), shape.get(), offsets.get().get(0), offsets.get().get(1));
    Optional<String> misfit = entry.misfit();
    misfit.ifPresent(sentence -> problem.accept(subject + sentence));
    return misfit.isEmpty() ? Optional.of(entry) : Optional.empty();
  }

  /** What is wrong where the offsets leave more or less room than the shape's elements need. */
  private Optional<String> misfit() {
    long found = end - begin;
    String needs = "is " + type + " of shape " + shape + " and needs ";
    String holds =
        " bytes, but its data_offsets hold "
            + SafetensorsHeader.count(found)
            + "; copy the file again";
    try {
      long needed = byteCount();
      return needed == found
          ? Optional.empty()
          : Optional.of(needs + SafetensorsHeader.count(needed) + holds);
    } catch (ArithmeticException e) {
      return Optional.of(needs + "more than 2^63" + holds);
    }
  }

  /** The bytes that type and shape need; an ArithmeticException if a long does not hold them. */
  private long byteCount() {
    // With a dimension of 0 there is nothing, however large the others are.
    if (shape.contains(0L)) {
      return 0;
    }
    long bytes = type.bytes();
    for (long dimension : shape) {
      bytes = Math.multiplyExact(bytes, dimension);
    }
    return bytes;
  }

  /** A list of whole numbers from 0, or empty if it is anything else. */
  private static Optional<List<Long>> wholeNumbers(JsonNode node) {
    if (!node.isArray()) {
      return Optional.empty();
    }
    List<Long> numbers = new ArrayList<>();
    for (JsonNode number : node) {
      if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
        return Optional.empty();
      }
      numbers.add(number.longValue());
    }
    return Optional.of(numbers);
  }
}
