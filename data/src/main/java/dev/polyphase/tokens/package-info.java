/** Text to tokens, with the tokenizer that came with the model. */
@NullMarked
package dev.polyphase.tokens;

import org.jspecify.annotations.NullMarked;
