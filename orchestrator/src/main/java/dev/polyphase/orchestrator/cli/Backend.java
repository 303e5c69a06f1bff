package dev.polyphase.orchestrator.cli;

import dev.polyphase.dpo.Judgement;
import dev.polyphase.dpo.Preference;
import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.Engine;
import dev.polyphase.orchestrator.engine.OutlivingJobs;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.Scorer;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.training.DjlPhaseTrainer;
import dev.polyphase.phases.training.DjlScorer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.rescanner.FasterSingularValues;
import dev.polyphase.rescanner.SpectrumCache;
import dev.polyphase.trl.TrlPhaseTrainer;
import dev.polyphase.trl.launch.Job;
import dev.polyphase.trl.launch.Programs;
import java.time.Clock;
import java.util.List;
import java.util.function.BiFunction;

/**
 * What the commands compute with. {@link #shipped} is the one place that knows implementations.
 *
 * @param trainers the trainer of a phase, which reads its rows so
 * @param jobs what other engines than this process may still have running
 * @param singularValues what a scan computes with
 * @param newModels makes models with random weights
 * @param scorer what gives each row its log-probability
 */
record Backend(
    BiFunction<Phase, RowReader, PhaseTrainer> trainers,
    OutlivingJobs jobs,
    ScanComputation singularValues,
    ModelMaker newModels,
    Scorer scorer) {

  /** libtorch in this process, but for phases that name another engine. */
  static Backend shipped() {
    Programs programs = Programs.ofThisProcess();
    return new Backend(
        (phase, rows) ->
            phase.engine().isPresent()
                ? new TrlPhaseTrainer(source(phase, rows), programs)
                : new DjlPhaseTrainer(source(phase, rows), DeviceMemory::available),
        engineFolder -> Job.endLast(engineFolder, programs),
        FasterSingularValues::open,
        new RandomModels(),
        new DjlScorer());
  }

  private static ObjectiveSource source(Phase phase, RowReader rows) {
    return switch (phase.type()) {
      case CPT, SFT -> NextToken.source(rows);
      case DPO, CPO, ORPO, SIMPO -> Preference.source(rows);
      case KTO -> Judgement.source(rows);
    };
  }

  /**
   * The engine of what does not scan.
   *
   * @param rows reads the rows of phases
   * @param events hears how it goes, and what signals have to say
   */
  Engine engine(ModelFolders models, RowReader rows, RunEvents events) {
    return engine(models, rows, List.of(), events);
  }

  /**
   * The engine that runs pipelines with these.
   *
   * @param rows reads the rows of phases
   * @param knownSpectra what earlier scans computed
   * @param events hears how it goes, and what signals have to say
   */
  Engine engine(
      ModelFolders models, RowReader rows, List<SpectrumCache> knownSpectra, RunEvents events) {
    return new Engine(
        phase -> trainers.apply(phase, rows),
        jobs,
        device -> singularValues.open(device, true, events::note),
        knownSpectra,
        models,
        newModels,
        DeviceMemory::of,
        new ProcessSignals(events::say),
        events,
        Clock.systemUTC(),
        Version.number());
  }
}
