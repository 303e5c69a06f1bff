/**
 * Conversations as text and as tokens.
 *
 * <p>{@link dev.polyphase.chat.ChatTemplate} is a model's template, whatever it writes. To train on
 * conversations one must know which of the text the assistant said: {@link
 * dev.polyphase.chat.ChatFormat} holds the template to ChatML, first on probe conversations and
 * then on every conversation it renders, and {@link dev.polyphase.chat.ChatEncoder} makes tokens of
 * it.
 */
@NullMarked
package dev.polyphase.chat;

import org.jspecify.annotations.NullMarked;
