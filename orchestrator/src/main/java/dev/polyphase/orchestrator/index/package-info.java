/** The index of runs, and the database that holds it: what is in run folders, found faster. */
@NullMarked
package dev.polyphase.orchestrator.index;

import org.jspecify.annotations.NullMarked;
