/** The command line. */
@NullMarked
package dev.polyphase.orchestrator.cli;

import org.jspecify.annotations.NullMarked;
