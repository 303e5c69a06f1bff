package dev.polyphase.orchestrator.cli;

import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.Scorer;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.SingularValues;
import java.util.function.Function;

/**
 * What the commands compute with. {@link #embedded} is the one place that knows an implementation.
 *
 * @param trainers the trainer of each type of phase
 * @param singularValues what a scan computes with, by device
 * @param scorer what gives each row its log-probability
 */
record Backend(
    Function<PhaseType, PhaseTrainer> trainers,
    Function<String, SingularValues> singularValues,
    Scorer scorer) {

  /** libtorch in this process. */
  static Backend embedded() {
    return new Backend(
        type -> {
          throw new InputException("training is not built yet");
        },
        device -> {
          throw new InputException("scans are not built yet");
        },
        (model, rows, device, dtype, results) -> {
          throw new InputException("scores are not built yet");
        });
  }
}
