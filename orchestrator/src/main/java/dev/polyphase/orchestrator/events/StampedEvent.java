package dev.polyphase.orchestrator.events;

import java.time.Instant;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An event and where it belongs.
 *
 * @param time when it happened
 * @param run the name of the run
 * @param phase the phase that it is about; null where it is about the run
 * @param step the optimiser steps that the phase has taken by then; empty before it trains
 * @param secondsLeft how long what it tells of, a phase or a scan, will still take; empty where
 *     nobody knows
 */
public record StampedEvent(
    Instant time,
    String run,
    @Nullable String phase,
    OptionalLong step,
    OptionalDouble secondsLeft,
    RunEvent event) {}
