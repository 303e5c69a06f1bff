/** Finds models on this machine. */
@NullMarked
package dev.polyphase.orchestrator.hub;

import org.jspecify.annotations.NullMarked;
