package dev.polyphase.pipelines;

import java.util.List;
import java.util.Optional;

/**
 * One phase of a pipeline, every default filled in.
 *
 * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]*}, unique in its pipeline
 * @param type what it optimises
 * @param trained which weights it trains
 * @param datasets the rows, at least one
 * @param rows what becomes of them before they are trained on
 * @param evaluation what is held out, when it is evaluated, and what follows from that
 * @param length when it ends
 * @param batch how rows make a step
 * @param learningRates the learning rate of each step, and of each module
 * @param optimizer the optimiser and its constants
 * @param monitoring what is logged of it, and what ends it early
 * @param saving when its state is saved while it trains
 * @param engine what trains it; empty for the embedded trainer, whether a file says so or nothing
 * @param dpo the settings of a {@code dpo} phase; its defaults elsewhere, as with those below
 * @param kto the settings of a {@code kto} phase
 * @param cpo the settings of a {@code cpo} phase
 * @param orpo the settings of an {@code orpo} phase
 * @param simpo the settings of a {@code simpo} phase
 */
public record Phase(
    @Key(
            means = "unique, whatever the case",
            pattern = Pipeline.NAME,
            wanted = Pipeline.NAME_IN_WORDS,
            inherited = false)
        String name,
    @Key(
            means =
                "`cpt` or `sft` on text; `dpo`, `cpo`, `orpo` or `simpo` on pairs, of which `dpo`"
                    + " has a reference; `kto`, which has one too, on completions with a label",
            inherited = false)
        PhaseType type,
    TrainedWeights trained,
    @Key(means = "the rows to train on", wanted = "a list of {path: ...}") List<Dataset> datasets,
    Rows rows,
    Evaluation evaluation,
    Length length,
    Batch batch,
    LearningRates learningRates,
    Optimizer optimizer,
    Monitoring monitoring,
    Saving saving,
    @Key(
            means =
                "what trains it, instead of what `engine` of the pipeline says: mappings merge"
                    + " deeply, `{type: embedded}` and `null` take back")
        Optional<TrainingEngine> engine,
    @Key(
            means = "settings for phases of type `dpo`; in `defaults` it passes the others by",
            phases = PhaseType.DPO)
        Dpo dpo,
    @Key(means = "settings for phases of type `kto`, likewise", phases = PhaseType.KTO) Kto kto,
    @Key(means = "settings for phases of type `cpo`, likewise", phases = PhaseType.CPO) Cpo cpo,
    @Key(means = "settings for phases of type `orpo`, likewise", phases = PhaseType.ORPO) Orpo orpo,
    @Key(means = "settings for phases of type `simpo`, likewise", phases = PhaseType.SIMPO)
        Simpo simpo) {

  public Phase {
    datasets = List.copyOf(datasets);
    engine = engine.filter(other -> other.type() != TrainingEngine.Type.EMBEDDED);
  }

  /** What becomes of rows that are too long: what is said, or in cpt split and else cut. */
  public Rows.ExcessLength excessLength() {
    return rows.excessLength()
        .orElse(type == PhaseType.CPT ? Rows.ExcessLength.SPLIT : Rows.ExcessLength.TRUNCATE);
  }

  /** Where the reference's log-probabilities come from; empty where the type knows no reference. */
  public Optional<Reference> reference() {
    return switch (type) {
      case DPO -> Optional.of(dpo.reference());
      case KTO -> Optional.of(kto.reference());
      case CPT, SFT, CPO, ORPO, SIMPO -> Optional.empty();
    };
  }
}
