package dev.polyphase.weights;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * {@code model.safetensors.index.json}: which file of the folder holds which tensor.
 *
 * @param metadata what the index says of the whole model, {@code total_size} among it; it is not
 *     checked, as published models have it wrong at times
 * @param fileOfTensor tensor to file name; the names are plain, so the files lie in the folder
 */
record ShardIndex(ObjectNode metadata, SortedMap<String, String> fileOfTensor) {
  static final String FILE_NAME = "model.safetensors.index.json";

  private static final ObjectWriter JSON =
      new ObjectMapper()
          .writer(
              new DefaultPrettyPrinter(
                      Separators.createDefaultInstance()
                          .withObjectFieldValueSpacing(Separators.Spacing.AFTER))
                  .withObjectIndenter(new DefaultIndenter("  ", "\n")));

  ShardIndex {
    fileOfTensor = Collections.unmodifiableSortedMap(new TreeMap<>(fileOfTensor));
  }

  /** The names of the tensors that the index finds in each file, both sorted. */
  SortedMap<String, SortedSet<String>> tensorsByFile() {
    SortedMap<String, SortedSet<String>> tensors = new TreeMap<>();
    fileOfTensor.forEach(
        (tensor, file) -> tensors.computeIfAbsent(file, f -> new TreeSet<>()).add(tensor));
    return tensors;
  }

  /**
   * The index of the same tensors in the same files, as Hugging Face writes it: indented by 2,
   * sorted, a newline at the end. What the metadata says besides the size is kept.
   *
   * @param totalBytes the bytes of all tensors together
   */
  byte[] toJson(long totalBytes) throws IOException {
    SortedMap<String, Object> sortedMetadata = new TreeMap<>();
    metadata.properties().forEach(field -> sortedMetadata.put(field.getKey(), field.getValue()));
    sortedMetadata.put("total_size", totalBytes);
    SortedMap<String, Object> root =
        new TreeMap<>(Map.of("metadata", sortedMetadata, "weight_map", fileOfTensor));
    return (JSON.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads and checks an index; whether its files are there is not looked at.
   *
   * @throws InputException if it is malformed or points out of its folder
   */
  static ShardIndex read(Path file) throws IOException {
    ObjectNode root = StrictJson.object(file, "the index");
    Place place = Place.in(file.toString());
    if (!(root.get("weight_map") instanceof ObjectNode weightMap) || weightMap.isEmpty()) {
      throw new InputException(
          place,
          "the index must hold a 'weight_map' from tensors to files, but it holds "
              + StrictJson.shown(root.get("weight_map"))
              + "; download it again");
    }
    SortedMap<String, String> fileOfTensor = new TreeMap<>();
    SortedSet<String> wrongFiles = new TreeSet<>();
    for (Map.Entry<String, JsonNode> field : weightMap.properties()) {
      if (field.getValue().isTextual() && isPlainName(field.getValue().asText())) {
        fileOfTensor.put(field.getKey(), field.getValue().asText());
      } else {
        wrongFiles.add(StrictJson.shown(field.getValue()));
      }
    }
    if (!wrongFiles.isEmpty()) {
      throw new InputException(
          place,
          "the index points to "
              + Some.of(wrongFiles, "values")
              + ", but it may only name *.safetensors files in its own folder, without any path;"
              + " download it again");
    }
    return new ShardIndex(
        root.get("metadata") instanceof ObjectNode metadata
            ? metadata
            : JsonNodeFactory.instance.objectNode(),
        fileOfTensor);
  }

  /** Whether a name can only mean a file of the folder itself, on any operating system. */
  private static boolean isPlainName(String name) {
    return name.matches("[^/\\\\:*?\"<>|\\p{Cntrl}]+\\.safetensors");
  }
}
