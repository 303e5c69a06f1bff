/**
 * The rows of a phase: read from files, checked, turned into tokens, put in order and batched.
 *
 * <p>In order of use: {@link dev.polyphase.phases.data.DatasetRows} finds the files and {@link
 * dev.polyphase.phases.data.JsonRows} reads them; {@link dev.polyphase.phases.data.RowEncoder}
 * makes an {@link dev.polyphase.phases.data.Example} of a row and {@link
 * dev.polyphase.phases.data.ExampleReader} fits it into a sequence; {@link
 * dev.polyphase.phases.data.Schedule} says which rows make which step, and {@link
 * dev.polyphase.phases.data.TokenBatch} is what the model gets.
 */
@NullMarked
package dev.polyphase.phases.data;

import org.jspecify.annotations.NullMarked;
