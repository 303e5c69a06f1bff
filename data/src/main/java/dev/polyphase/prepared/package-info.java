/**
 * Rows that are made into tokens once, by all processors, and kept: {@link
 * dev.polyphase.prepared.RowPreparation} makes a {@link dev.polyphase.prepared.PreparedFile} of a
 * file of rows, which {@link dev.polyphase.prepared.RowCache} keeps by what it follows from; all of
 * a phase's are {@link dev.polyphase.prepared.PreparedRows}. They lie in files that are mapped into
 * memory, so that the heap holds some numbers of each row and none of its tokens. {@link
 * dev.polyphase.prepared.Examples}, {@link dev.polyphase.prepared.Pairs} and {@link
 * dev.polyphase.prepared.JudgedRows} are what of them fits into a phase's sequences.
 */
@NullMarked
package dev.polyphase.prepared;

import org.jspecify.annotations.NullMarked;
