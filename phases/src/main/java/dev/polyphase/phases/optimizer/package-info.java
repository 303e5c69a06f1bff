/** The optimisers, gradient clipping and the learning rate's course. */
@NullMarked
package dev.polyphase.phases.optimizer;

import org.jspecify.annotations.NullMarked;
