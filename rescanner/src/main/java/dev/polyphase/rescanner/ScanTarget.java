package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;

/**
 * A module to measure.
 *
 * @param module its name
 * @param type the requested type that it is ranked in
 * @param tensor its weight
 */
public record ScanTarget(ModuleName module, String type, TensorInfo tensor) {}
