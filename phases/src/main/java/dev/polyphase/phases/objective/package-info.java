/** What a phase optimises: the rows it takes, its loss, and the loss's gradient. */
@NullMarked
package dev.polyphase.phases.objective;

import org.jspecify.annotations.NullMarked;
