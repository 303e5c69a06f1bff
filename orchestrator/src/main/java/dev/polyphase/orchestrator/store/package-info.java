/** What a run keeps on disk: its folder, its state, its logs and its lock. */
@NullMarked
package dev.polyphase.orchestrator.store;

import org.jspecify.annotations.NullMarked;
