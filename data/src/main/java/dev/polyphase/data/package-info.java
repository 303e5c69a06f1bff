/**
 * The rows of a phase: read from files, checked and turned into tokens.
 *
 * <p>In order of use: {@link dev.polyphase.data.DatasetRows} finds the files and {@link
 * dev.polyphase.data.JsonRows} reads them; {@link dev.polyphase.data.RowEncoder} makes an {@link
 * dev.polyphase.data.Example} of a row and {@link dev.polyphase.data.ExampleReader} fits it into a
 * sequence.
 */
@NullMarked
package dev.polyphase.data;

import org.jspecify.annotations.NullMarked;
