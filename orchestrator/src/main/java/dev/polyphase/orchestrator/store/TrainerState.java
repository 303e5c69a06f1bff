package dev.polyphase.orchestrator.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The file {@code trainer_state.json} in the shape of Hugging Face's {@code TrainerState}, which
 * notebooks and importers of other tools read. What Polyphase has no counterpart for has the value
 * of a run that does not use it.
 */
public final class TrainerState {

  private TrainerState() {}

  /** Whether the file of a phase is there and tells of so many steps. */
  public static boolean isOf(PhaseFolder folder, long steps) throws IOException {
    return RunStore.readIfSound(folder.trainerStateJson(), JsonNode.class)
        .map(state -> state.path("global_step").asLong(-1) == steps)
        .orElse(false);
  }

  /**
   * Writes the file of a phase.
   *
   * @param totalSteps the optimiser steps planned
   * @param steps those taken
   * @param tokens the tokens trained on
   * @param rows the rows of its metrics
   */
  public static void write(
      PhaseFolder folder,
      Phase phase,
      long totalSteps,
      long steps,
      long tokens,
      List<ObjectNode> rows)
      throws IOException {
    ObjectNode state = JsonNodeFactory.instance.objectNode();
    putBest(state, phase.evaluation(), rows);
    state.putNull("best_model_checkpoint");
    state.put("epoch", lastEpoch(rows));
    state.put(
        "eval_steps", phase.evaluation().evalSteps().map(every -> every.of(totalSteps)).orElse(0L));
    state.put("global_step", steps);
    state.put("is_hyper_param_search", false);
    state.put("is_local_process_zero", true);
    state.put("is_world_process_zero", true);
    state.putArray("log_history").addAll(rows);
    state.put("logging_steps", phase.monitoring().loggingSteps());
    state.put("max_steps", totalSteps);
    state.put("num_input_tokens_seen", tokens);
    state.put("num_train_epochs", plannedEpochs(lastEpoch(rows), steps, totalSteps));
    state.put(
        "save_steps", phase.saving().saveSteps().map(every -> every.of(totalSteps)).orElse(0L));
    state.putObject("stateful_callbacks");
    state.put("total_flos", 0);
    state.put("train_batch_size", phase.batch().microBatchSize());
    state.putNull("trial_name");
    state.putNull("trial_params");
    AtomicFiles.writeString(
        folder.trainerStateJson(),
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n");
  }

  /**
   * Where a phase goes by its held-out loss, the lowest; null elsewhere, as Hugging Face has it.
   */
  private static void putBest(ObjectNode state, Evaluation evaluation, List<ObjectNode> rows) {
    Optional<ObjectNode> lowest =
        evaluation.loadBestModelAtEnd() || evaluation.earlyStopping().isPresent()
            ? rows.stream()
                .filter(row -> row.path("eval_loss").isNumber())
                .min(Comparator.comparingDouble(row -> row.path("eval_loss").doubleValue()))
            : Optional.empty();
    JsonNode nothing = JsonNodeFactory.instance.nullNode();
    state.set("best_global_step", lowest.map(row -> row.path("step")).orElse(nothing));
    state.set("best_metric", lowest.map(row -> row.path("eval_loss")).orElse(nothing));
  }

  /** The epochs that the planned steps touch, as Hugging Face's trainer counts them. */
  private static long plannedEpochs(double epoch, long steps, long totalSteps) {
    if (steps == 0) {
      return 0;
    }
    // What exceeds a whole epoch by less than this is the rounding of the epoch itself.
    double rounding = 1e-6;
    return (long) Math.ceil(epoch * totalSteps / steps - rounding);
  }

  private static double lastEpoch(List<ObjectNode> rows) {
    for (int i = rows.size() - 1; i >= 0; i--) {
      JsonNode epoch = rows.get(i).path("epoch");
      if (epoch.isNumber()) {
        return epoch.asDouble();
      }
    }
    return 0;
  }
}
