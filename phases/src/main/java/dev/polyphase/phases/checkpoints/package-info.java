/** Checkpoints of a phase: its state on disk, from which it goes on as if it had never stopped. */
@NullMarked
package dev.polyphase.phases.checkpoints;

import org.jspecify.annotations.NullMarked;
