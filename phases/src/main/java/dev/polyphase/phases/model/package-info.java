/** Decoder-only transformers: configuration, parameters, forward pass and gradients. */
@NullMarked
package dev.polyphase.phases.model;

import org.jspecify.annotations.NullMarked;
