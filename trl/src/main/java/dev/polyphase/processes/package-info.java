/** Processes of this machine: told apart, found and ended. Knows nothing of what they do. */
@NullMarked
package dev.polyphase.processes;

import org.jspecify.annotations.NullMarked;
