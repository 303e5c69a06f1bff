/** Spectra, signal-to-noise ratios, and the selection of the modules to train. */
@NullMarked
package dev.polyphase.rescanner;

import org.jspecify.annotations.NullMarked;
