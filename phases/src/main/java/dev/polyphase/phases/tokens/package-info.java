/** Text to tokens, with the tokenizer that came with the model. */
@NullMarked
package dev.polyphase.phases.tokens;

import org.jspecify.annotations.NullMarked;
