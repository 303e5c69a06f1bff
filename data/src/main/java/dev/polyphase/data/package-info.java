/**
 * The rows of a phase: read from files, checked and turned into tokens.
 *
 * <p>In order of use: {@link dev.polyphase.data.DatasetFiles} finds the files and {@link
 * dev.polyphase.data.RowFile} cuts them into rows; {@code Columns} says what a row's columns mean
 * and which {@code RowShape} they make, {@code SampleReader} what the row says ({@code Sample}),
 * and {@link dev.polyphase.data.ExampleEncoders} makes an {@link dev.polyphase.data.Example} of
 * that. Of pairs the same is done by {@code PairSampleReader} and {@link
 * dev.polyphase.data.PairEncoders}. The package {@code prepared} does all of it once, and keeps the
 * result.
 */
@NullMarked
package dev.polyphase.data;

import org.jspecify.annotations.NullMarked;
