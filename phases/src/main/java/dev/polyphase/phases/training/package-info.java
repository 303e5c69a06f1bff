/** The one training loop, and the trainer that runs it on libtorch. */
@NullMarked
package dev.polyphase.phases.training;

import org.jspecify.annotations.NullMarked;
