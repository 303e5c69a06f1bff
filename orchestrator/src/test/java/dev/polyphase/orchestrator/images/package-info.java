/** What the images hold, and what describes them. */
@NullMarked
package dev.polyphase.orchestrator.images;

import org.jspecify.annotations.NullMarked;
