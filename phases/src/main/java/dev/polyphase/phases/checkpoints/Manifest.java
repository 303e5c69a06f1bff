package dev.polyphase.phases.checkpoints;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The list of a checkpoint's files, {@code manifest.json}, which is written last: name, size and
 * checksum of each, all of which is held against the files before anything is taken from them.
 */
final class Manifest {
  static final String NAME = "manifest.json";

  private static final int FORMAT = 1;

  private Manifest() {}

  /**
   * Writes the list of files that are complete.
   *
   * @return the bytes of all of them
   */
  static long write(Path folder, long step, List<String> names) throws IOException {
    ObjectNode manifest = JsonNodeFactory.instance.objectNode();
    manifest.put("format", FORMAT);
    manifest.put("step", step);
    ArrayNode files = manifest.putArray("files");
    long total = 0;
    for (String name : names) {
      Path file = folder.resolve(name);
      long bytes = Files.size(file);
      total += bytes;
      files
          .addObject()
          .put("name", name)
          .put("bytes", bytes)
          .put("crc32c", new Fingerprint().add(file).checksum());
    }
    AtomicFiles.writeString(
        folder.resolve(NAME),
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
    return total;
  }

  /** What keeps a checkpoint from being used, a sentence without its place; empty if nothing. */
  static Optional<String> fault(Path folder, long step) throws IOException {
    Path file = folder.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      return Optional.of("it has no manifest.json, so that it is not complete");
    }
    JsonNode manifest;
    try {
      manifest = new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      return Optional.of("its manifest.json is damaged");
    }
    if (manifest.path("format").intValue() != FORMAT || !manifest.path("files").isArray()) {
      return Optional.of("its manifest.json is damaged, or of another version of Polyphase");
    }
    if (manifest.path("step").longValue() != step) {
      return Optional.of("its manifest.json is damaged: it is of another step");
    }
    for (JsonNode listed : manifest.path("files")) {
      Optional<String> fault = fault(folder, listed);
      if (fault.isPresent()) {
        return fault;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> fault(Path folder, JsonNode listed) throws IOException {
    String name = listed.path("name").asText();
    Path file = folder.resolve(name).normalize();
    if (!folder.normalize().equals(file.getParent())) {
      return Optional.of("its manifest.json is damaged");
    }
    if (!Files.isRegularFile(file)) {
      return Optional.of("its file %s is missing".formatted(name));
    }
    long bytes = listed.path("bytes").longValue();
    if (Files.size(file) != bytes) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "its file %s has %,d bytes, but %,d were written",
              name,
              Files.size(file),
              bytes));
    }
    return new Fingerprint().add(file).checksum().equals(listed.path("crc32c").asText())
        ? Optional.empty()
        : Optional.of("its file %s is damaged: its checksum is another one".formatted(name));
  }
}
