package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.reports.Curve;
import dev.polyphase.reports.HeldOut;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What {@code metrics.jsonl} says of a phase.
 *
 * @param curves the figures of its steps, as far as they were logged, and of evaluations on the way
 * @param heldOut the figures of its held-out rows, before the phase and of the weights that it left
 */
record TrainingFigures(List<Curve> curves, List<HeldOut> heldOut) {
  private static final List<String> CURVES =
      List.of(
          "loss",
          "rewards/accuracies",
          "rewards/margins",
          "kl",
          "nll_loss",
          "aux_loss",
          "learning_rate");
  private static final List<String> HELD_OUT_CURVES =
      List.of("eval_loss", "eval_rewards/accuracies", "eval_rewards/margins");

  /** Fewer are no curve: the phase was looked at before and after it only. */
  private static final int LEAST_EVALUATIONS = 3;

  private static final String LOSS = "eval_loss";
  private static final String HELD_OUT = "eval_";

  /** Before the name of a dataset. */
  private static final String LOSS_OF = "loss/";

  private static final Set<String> SPEEDS = Set.of("eval_runtime", "eval_samples_per_second");
  private static final ObjectMapper JSON = new ObjectMapper();

  static TrainingFigures read(PhaseFolder folder, Evaluation evaluation) throws IOException {
    List<JsonNode> rows = rows(folder.metricsJsonl());
    List<JsonNode> steps = rows.stream().filter(row -> row.has("loss")).toList();
    List<JsonNode> evaluations = rows.stream().filter(row -> !row.has("loss")).toList();
    List<Curve> curves = new ArrayList<>(curves(CURVES, steps));
    if (evaluations.size() >= LEAST_EVALUATIONS) {
      curves.addAll(curves(HELD_OUT_CURVES, evaluations));
    }
    curves.addAll(curves(namesOf(LOSS_OF, steps), steps));
    if (evaluations.size() >= LEAST_EVALUATIONS) {
      curves.addAll(curves(namesOf(HELD_OUT + LOSS_OF, evaluations), evaluations));
    }
    return new TrainingFigures(curves, heldOut(evaluations, evaluation.loadBestModelAtEnd()));
  }

  /** The names that begin so, of any of the rows. */
  private static List<String> namesOf(String beginning, List<JsonNode> rows) {
    Set<String> names = new TreeSet<>();
    for (JsonNode row : rows) {
      row.fieldNames().forEachRemaining(names::add);
    }
    return names.stream().filter(name -> name.startsWith(beginning)).toList();
  }

  private static List<Curve> curves(List<String> names, List<JsonNode> rows) {
    return names.stream()
        .filter(name -> rows.stream().anyMatch(row -> row.has(name)))
        .map(name -> curve(name, rows))
        .toList();
  }

  private static List<JsonNode> rows(Path file) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    if (!InputFile.isThere(file)) {
      return rows;
    }
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    // A process that was killed leaves half a line at the end, perhaps half a character.
    List<String> lines = new String(bytes, StandardCharsets.UTF_8).lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      try {
        rows.add(JSON.readTree(lines.get(i)));
      } catch (JsonProcessingException e) {
        if (i < lines.size() - 1) {
          throw new InputException(
              new Place(file.toString(), i + 1, 1), "this line is no JSON; remove it");
        }
      }
    }
    return rows;
  }

  private static Curve curve(String name, List<JsonNode> steps) {
    return new Curve(
        name,
        steps.stream()
            .filter(row -> row.has(name))
            .map(row -> new Curve.Point(row.path("step").longValue(), value(row, name)))
            .toList());
  }

  private static List<HeldOut> heldOut(List<JsonNode> evaluations, boolean bestIsLeft) {
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode row : evaluations) {
      row.fieldNames().forEachRemaining(names::add);
    }
    List<HeldOut> figures = new ArrayList<>();
    for (String name : names) {
      if (name.startsWith(HELD_OUT) && !SPEEDS.contains(name)) {
        List<JsonNode> with = evaluations.stream().filter(row -> row.has(name)).toList();
        @Nullable Double after = with.size() < 2 ? null : value(left(with, bestIsLeft), name);
        figures.add(new HeldOut(name, value(with.get(0), name), after));
      }
    }
    return figures;
  }

  /** The evaluation of the weights that the phase left: those of the lowest loss, or the last. */
  private static JsonNode left(List<JsonNode> evaluations, boolean bestIsLeft) {
    JsonNode last = evaluations.get(evaluations.size() - 1);
    return bestIsLeft
        ? evaluations.stream()
            .filter(row -> row.path(LOSS).isNumber())
            .min(Comparator.comparingDouble(row -> value(row, LOSS)))
            .orElse(last)
        : last;
  }

  /** What is not finite is null in JSON. */
  private static double value(JsonNode row, String name) {
    return row.path(name).isNumber() ? row.path(name).doubleValue() : Double.NaN;
  }
}
