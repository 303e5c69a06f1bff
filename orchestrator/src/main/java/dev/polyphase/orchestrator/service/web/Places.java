package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Paths that requests name, as seen from the service's folder.
 *
 * @param folder the folder that the service was started in
 */
record Places(Path folder) {

  /**
   * A pipeline that was sent, or the file that it is in.
   *
   * @param pipeline the file, or what messages call the text and whose folder its paths are
   *     relative to
   * @param text the text; empty where it is in the file
   */
  record Source(Path pipeline, Optional<String> text) {
    /** The folder that the pipeline's paths are relative to. */
    Path folder() {
      @Nullable Path parent = pipeline.getParent();
      return parent == null ? pipeline : parent;
    }
  }

  /** The pipeline of {@code pipeline}, or of {@code yaml} and {@code folder}. */
  Source source(ObjectNode body) {
    @Nullable String file = Bodies.text(body, "pipeline");
    @Nullable String yaml = Bodies.text(body, "yaml");
    if ((file == null) == (yaml == null)) {
      throw new Refusal(
          Refusal.WRONG_INPUT, "give pipeline, the path of a file, or yaml, its text; not both");
    }
    if (file != null) {
      return new Source(path(file, "pipeline"), Optional.empty());
    }
    @Nullable String named = Bodies.text(body, "folder");
    Path relativeTo = named == null ? folder : path(named, "folder");
    if (!Files.isDirectory(relativeTo)) {
      throw new Refusal(
          Refusal.WRONG_INPUT,
          "folder: " + relativeTo + " is no folder; its paths are seen from it");
    }
    return new Source(relativeTo.resolve("pipeline.yaml"), Optional.of(yaml == null ? "" : yaml));
  }

  /** The folder of runs that is asked for; null where none is. */
  @Nullable Path output(ObjectNode body) {
    @Nullable String text = Bodies.text(body, "output");
    return text == null ? null : path(text, "output");
  }

  /** A path as seen from the service's folder. */
  Path path(String text, String key) {
    try {
      return folder.resolve(text).normalize();
    } catch (InvalidPathException e) {
      throw new Refusal(Refusal.WRONG_INPUT, key + " is no path: " + e.getReason());
    }
  }
}
