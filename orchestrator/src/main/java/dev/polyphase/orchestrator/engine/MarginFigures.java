package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.reports.Margins;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what {@code margins.json} says of the pairs of a phase. */
final class MarginFigures {
  private static final ObjectMapper JSON = new ObjectMapper();

  private MarginFigures() {}

  /** The margins; null where the phase has none, or none yet. */
  static @Nullable Margins read(PhaseFolder folder) throws IOException {
    Path file = folder.marginsJson();
    if (!InputFile.isThere(file)) {
      return null;
    }
    JsonNode read;
    try {
      read = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw damaged(file);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    List<Double> edges = new ArrayList<>();
    read.path("edges").forEach(edge -> edges.add(edge.doubleValue()));
    if (edges.size() < 2) {
      throw damaged(file);
    }
    return new Margins(
        edges,
        spread(read, "training", edges, file),
        spread(read, "held_out_before", edges, file),
        spread(read, "held_out_after", edges, file));
  }

  private static Margins.@Nullable Spread spread(
      JsonNode margins, String name, List<Double> edges, Path file) {
    if (!margins.has(name)) {
      return null;
    }
    List<Long> counts = new ArrayList<>();
    margins.path(name).path("counts").forEach(count -> counts.add(count.longValue()));
    if (counts.size() != edges.size() - 1) {
      throw damaged(file);
    }
    return new Margins.Spread(counts, margins.path(name).path("ties").longValue());
  }

  private static InputException damaged(Path file) {
    return new InputException(
        Place.in(file.toString()), "this is not what a phase wrote of its margins; remove it");
  }
}
