package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a forward pass leaves for the backward pass, up to the normed rows.
 *
 * @param ids {@code [batch, seq]}
 * @param positions where the tokens are, for each place
 * @param routing what routers said; null where nobody asks
 * @param dropoutSeed of the adapters' dropout in this pass
 * @param traces of the blocks from the lowest trained one on; empty where there will be no backward
 *     pass
 * @param last the output of the last block, {@code [batch, seq, hidden]}
 * @param targetPositions flat positions {@code [n]} whose next token is a target, on the device of
 *     {@code last}
 * @param targets the target ids {@code [n]}
 * @param normed the normed rows at these positions, {@code [n, hidden]}
 */
record Pass(
    NDArray ids,
    List<Positions.OfPass> positions,
    @Nullable PassRouting routing,
    long dropoutSeed,
    List<Trace> traces,
    NDArray last,
    NDArray targetPositions,
    NDArray targets,
    NDArray normed) {}
