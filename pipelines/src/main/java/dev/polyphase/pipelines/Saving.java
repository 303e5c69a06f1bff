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
public record Saving(Optional<Amount> saveSteps, double saveMinutes, int saveTotalLimit) {}
