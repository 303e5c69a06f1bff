/** Pipelines that are submitted by the clock. */
@NullMarked
package dev.polyphase.orchestrator.schedule;

import org.jspecify.annotations.NullMarked;
