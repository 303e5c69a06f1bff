package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a forward pass leaves for the backward pass and for the objective.
 *
 * @param ids {@code [batch, seq]}
 * @param positions the rotary tables of this length
 * @param blockInputs the inputs of the blocks from the lowest trained one on; null below it
 * @param last the output of the last block, {@code [batch, seq, hidden]}
 * @param targetPositions flat positions {@code [n]} whose next token is a target
 * @param targets the target ids {@code [n]}
 * @param normed the normed rows at these positions, {@code [n, hidden]}
 * @param norms the log-sum-exp of each row's logits, {@code [n]}
 * @param logProbs the log-probability of each target, {@code [n]}
 */
record Pass(
    NDArray ids,
    RotaryTable.Slice positions,
    List<@Nullable NDArray> blockInputs,
    NDArray last,
    NDArray targetPositions,
    NDArray targets,
    NDArray normed,
    NDArray norms,
    NDArray logProbs) {}
