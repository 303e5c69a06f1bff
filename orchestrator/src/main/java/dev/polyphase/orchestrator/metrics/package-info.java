/** What Prometheus is told of runs, the queue and the machine. */
@NullMarked
package dev.polyphase.orchestrator.metrics;

import org.jspecify.annotations.NullMarked;
