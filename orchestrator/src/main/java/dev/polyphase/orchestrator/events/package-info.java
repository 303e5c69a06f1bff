/** What happens to a run, as it is told to the terminal, the log, metrics and trackers. */
@NullMarked
package dev.polyphase.orchestrator.events;

import org.jspecify.annotations.NullMarked;
