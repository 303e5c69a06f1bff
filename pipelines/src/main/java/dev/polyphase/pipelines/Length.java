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
public record Length(OptionalDouble numEpochs, OptionalLong maxSteps, OptionalLong maxTokens) {}
