package dev.polyphase.reports;

import org.jspecify.annotations.Nullable;

/**
 * One module of a phase, as it stood before the phase.
 *
 * @param module its full name, as {@code model.layers.3.mlp.up_proj}
 * @param type its name without the layer, as {@code mlp.up_proj}
 * @param layer its layer, counted from 0; null outside the layers
 * @param snr its signal-to-noise ratio, which may be infinite or NaN; null where the phase did not
 *     scan
 * @param rank its place within its type, 1 for the best; null where the phase did not scan
 * @param selected whether the phase trained it at any time
 */
public record ModuleReport(
    String module,
    String type,
    @Nullable Integer layer,
    @Nullable Double snr,
    @Nullable Integer rank,
    boolean selected) {}
