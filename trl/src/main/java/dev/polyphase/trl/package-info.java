/** Trains phases with TRL in processes of their own, over several GPUs and machines. */
@NullMarked
package dev.polyphase.trl;

import org.jspecify.annotations.NullMarked;
