/**
 * Conversations as text and as tokens.
 *
 * <p>{@link dev.polyphase.chat.ChatTemplate} is a model's template, whatever it writes. To train on
 * conversations one must know which of the text the assistant said: the template engine tells where
 * each part of its text comes from, {@link dev.polyphase.chat.Turns} finds the turns by that, and
 * {@link dev.polyphase.chat.ChatEncoder} makes tokens of it.
 */
@NullMarked
package dev.polyphase.chat;

import org.jspecify.annotations.NullMarked;
