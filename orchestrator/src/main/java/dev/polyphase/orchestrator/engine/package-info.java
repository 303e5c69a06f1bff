/** Runs a pipeline: preflight, then scan, select and train phase by phase. */
@NullMarked
package dev.polyphase.orchestrator.engine;

import org.jspecify.annotations.NullMarked;
