/** Finds or fetches a libtorch for CUDA, tries it, and keeps it for the commands that follow. */
@NullMarked
package dev.polyphase.orchestrator.libtorch;

import org.jspecify.annotations.NullMarked;
