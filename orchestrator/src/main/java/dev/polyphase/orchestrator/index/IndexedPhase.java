package dev.polyphase.orchestrator.index;

import dev.polyphase.orchestrator.store.PhaseState;
import org.jspecify.annotations.Nullable;

/**
 * A phase of a run as the index knows it.
 *
 * @param place its place in the pipeline, counted from 0
 * @param name its name
 * @param type as {@code sft} or {@code dpo}
 * @param status where it stands
 * @param steps the optimiser steps that it took; null before its end
 * @param tokens the tokens that it trained on; null before its end
 * @param trainedValues the parameters that it trained; null before its end
 * @param seconds how long it trained; null before its end
 */
public record IndexedPhase(
    int place,
    String name,
    String type,
    PhaseState.Status status,
    @Nullable Long steps,
    @Nullable Long tokens,
    @Nullable Long trainedValues,
    @Nullable Double seconds) {}
