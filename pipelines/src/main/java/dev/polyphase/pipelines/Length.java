package dev.polyphase.pipelines;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * When a phase ends: at whichever comes first.
 *
 * @param numEpochs passes over the rows; empty where only steps or tokens end the phase
 * @param maxSteps optimiser steps after which the phase ends
 * @param maxTokens tokens after which the phase ends
 */
public record Length(
    @Key(
            means =
                "passes over the rows, may be a fraction; no default beside steps or tokens: the"
                    + " rows repeat",
            absent = "1",
            unless = {"max_steps", "max_tokens"},
            above = 0,
            to = 100_000,
            also = "num_train_epochs")
        OptionalDouble numEpochs,
    @Key(means = "optimiser steps after which the phase ends", from = 1, to = Key.STEPS)
        OptionalLong maxSteps,
    @Key(
            means = "tokens after which the phase ends; what comes first counts",
            from = 1,
            to = Key.TOKENS)
        OptionalLong maxTokens) {}
