package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * When a phase saves a checkpoint that it can go on from, and how many of them are kept.
 *
 * @param saveSteps the steps between two checkpoints, a share being one of the phase's steps; empty
 *     for none by steps
 * @param saveMinutes the minutes between two checkpoints; 0 for none by time
 * @param saveTotalLimit how many of the newest are kept; 0 for all
 */
public record Saving(
    @Key(
            means =
                "steps between two checkpoints, from which a run that ended goes on, or their share"
                    + " of the phase",
            from = 1,
            to = Key.STEPS)
        Optional<Amount> saveSteps,
    @Key(
            means =
                "minutes between two checkpoints; 0 for none by time; where a run is stopped one is"
                    + " saved in any case",
            absent = "30",
            from = 0,
            to = 1_000_000)
        double saveMinutes,
    @Key(
            means = "how many of a phase's newest checkpoints are kept; 0 for all",
            absent = "2",
            from = 0,
            to = Key.STEPS)
        int saveTotalLimit) {

  /**
   * Whether checkpoints stay when their phase is finished, of which nothing goes on from them:
   * those that someone asked for, as Hugging Face's do. Those that were only made for safety go.
   */
  public boolean outlastsThePhase() {
    return saveTotalLimit == 0 || saveSteps.isPresent();
  }
}
