/** Measures this machine: what {@code polyphase bench} prints. */
@NullMarked
package dev.polyphase.orchestrator.bench;

import org.jspecify.annotations.NullMarked;
