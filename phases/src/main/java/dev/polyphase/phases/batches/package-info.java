/**
 * Which rows make which step, and what the model gets of them: {@link
 * dev.polyphase.phases.batches.Schedule} orders them, {@link dev.polyphase.phases.batches.Packing}
 * lays short ones side by side, {@link dev.polyphase.phases.batches.Document}s may share what they
 * begin with, and a {@link dev.polyphase.phases.batches.TokenBatch} is one forward pass.
 */
@NullMarked
package dev.polyphase.phases.batches;

import org.jspecify.annotations.NullMarked;
