/** Runs that wait for a device, and the processes that they become. */
@NullMarked
package dev.polyphase.orchestrator.queue;

import org.jspecify.annotations.NullMarked;
