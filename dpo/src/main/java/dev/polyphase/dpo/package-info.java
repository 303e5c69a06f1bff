/** Preference optimisation: pairs, losses, reference log-probabilities. */
@NullMarked
package dev.polyphase.dpo;

import org.jspecify.annotations.NullMarked;
