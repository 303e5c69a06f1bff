/** What the machine has: memory, GPUs, the processor's abilities. */
@NullMarked
package dev.polyphase.orchestrator.machine;

import org.jspecify.annotations.NullMarked;
