/** What is kept of a run's events: {@code log.jsonl}, and the same lines on standard error. */
@NullMarked
package dev.polyphase.orchestrator.log;

import org.jspecify.annotations.NullMarked;
