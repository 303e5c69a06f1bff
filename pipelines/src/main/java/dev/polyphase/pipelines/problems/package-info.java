/** Wrong input: what is wrong, where, and what to do. */
@NullMarked
package dev.polyphase.pipelines.problems;

import org.jspecify.annotations.NullMarked;
