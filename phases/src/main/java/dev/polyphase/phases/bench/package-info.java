/**
 * The training steps that {@code polyphase bench train} measures, ours and what they are held
 * against.
 */
@NullMarked
package dev.polyphase.phases.bench;

import org.jspecify.annotations.NullMarked;
