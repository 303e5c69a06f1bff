package dev.polyphase.pipelines;

import java.util.List;

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
 * @param dpo the settings of a {@code dpo} phase; its defaults elsewhere
 */
public record Phase(
    @Key(
            means = "unique, whatever the case",
            pattern = Pipeline.NAME,
            wanted = Pipeline.NAME_IN_WORDS,
            inherited = false)
        String name,
    @Key(means = "`cpt`, `sft` or `dpo`", inherited = false) PhaseType type,
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
            means = "settings for phases of type `dpo`; in `defaults` it passes the others by",
            phases = PhaseType.DPO)
        Dpo dpo) {

  public Phase {
    datasets = List.copyOf(datasets);
  }

  /** What becomes of rows that are too long: what is said, or in cpt split and else cut. */
  public Rows.ExcessLength excessLength() {
    return rows.excessLength()
        .orElse(type == PhaseType.CPT ? Rows.ExcessLength.SPLIT : Rows.ExcessLength.TRUNCATE);
  }
}
