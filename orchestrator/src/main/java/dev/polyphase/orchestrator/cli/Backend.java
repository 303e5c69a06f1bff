package dev.polyphase.orchestrator.cli;

import dev.polyphase.dpo.Judgement;
import dev.polyphase.dpo.Preference;
import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.Engine;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.Scorer;
import dev.polyphase.phases.model.RandomModels;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.training.DjlPhaseTrainer;
import dev.polyphase.phases.training.DjlScorer;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.rescanner.LibtorchSingularValues;
import dev.polyphase.rescanner.SingularValues;
import java.time.Clock;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What the commands compute with. {@link #embedded} is the one place that knows an implementation.
 *
 * @param trainers the trainer of each type of phase, which reads its rows so
 * @param singularValues what a scan computes with, by device
 * @param newModels makes models with random weights
 * @param scorer what gives each row its log-probability
 */
record Backend(
    BiFunction<PhaseType, RowReader, PhaseTrainer> trainers,
    Function<String, SingularValues> singularValues,
    ModelMaker newModels,
    Scorer scorer) {

  /**
   * Where scans are, unless a user says otherwise: 16 cores took a fifth of the time of an H200,
   * whose memory the model is to have.
   */
  static final String SCANS_ON = "cpu";

  /** libtorch in this process. */
  static Backend embedded() {
    return new Backend(
        (type, rows) ->
            new DjlPhaseTrainer(
                switch (type) {
                  case CPT, SFT -> NextToken.source(rows);
                  case DPO, CPO, ORPO, SIMPO -> Preference.source(rows);
                  case KTO -> Judgement.source(rows);
                },
                DeviceMemory::available),
        LibtorchSingularValues::new,
        new RandomModels(),
        new DjlScorer());
  }

  /**
   * The engine that runs pipelines with these.
   *
   * @param rows reads the rows of phases
   * @param events hears how it goes, and what signals have to say
   */
  Engine engine(ModelFolders models, RowReader rows, RunEvents events) {
    return new Engine(
        type -> trainers.apply(type, rows),
        () -> singularValues.apply(SCANS_ON),
        models,
        newModels,
        DeviceMemory::of,
        new ProcessSignals(events::say),
        events,
        Clock.systemUTC(),
        Version.number());
  }
}
