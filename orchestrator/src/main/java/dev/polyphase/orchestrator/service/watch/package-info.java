/** What runs do, found by looking at their folders: a run never waits for who watches it. */
@NullMarked
package dev.polyphase.orchestrator.service.watch;

import org.jspecify.annotations.NullMarked;
