/** A phase before it is trained, whatever trains it: its rows, its steps, and what it trains. */
@NullMarked
package dev.polyphase.phases.preparation;

import org.jspecify.annotations.NullMarked;
