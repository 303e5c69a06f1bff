package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The whole program as it ships, in this process, and the files that it leaves. */
public final class Polyphase {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What libraries and Java write: no message to a user holds any of it. */
  public static final List<String> LIBRARIES =
      List.of(
          "JsonReadFeature",
          "REDACTED",
          "com.fasterxml",
          "ai.djl",
          "TorchScript",
          "Exception",
          "StreamReadConstraints",
          "StreamReadFeature",
          "Unrecognized token",
          "Unexpected character",
          "Unexpected end-of-input",
          "java.",
          "org.yaml",
          "while scanning",
          "while parsing",
          "untagged enum",
          "Error(",
          "Input length",
          "ALLOW_",
          "null:");

  private Polyphase() {}

  /**
   * What a command ended with.
   *
   * @param exitCode its code
   * @param results standard output
   * @param messages standard error
   */
  public record Ended(int exitCode, String results, String messages) {}

  static Ended execute(String... args) {
    return execute(Map.of(), args);
  }

  /** Runs a command in an environment. */
  public static Ended execute(Map<String, String> environment, String... args) {
    return execute(Backend.shipped(), environment, args);
  }

  /** Runs a command that computes with something else than what is shipped. */
  static Ended execute(Backend backend, Map<String, String> environment, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = Console.of(out, err, StandardCharsets.UTF_8);
    // No test asks a hub but one of its own.
    Map<String, String> alone = new HashMap<>(Map.of("HF_HUB_OFFLINE", "1"));
    alone.putAll(environment);
    int exitCode = new Cli(backend, console, alone).execute(args);
    return new Ended(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The rows of a {@code metrics.jsonl} that are training steps. */
  static List<JsonNode> steps(Path metrics) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(metrics)) {
      JsonNode row = JSON.readTree(line);
      if (row.has("loss")) {
        rows.add(row);
      }
    }
    return rows;
  }

  static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode json(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }
}
