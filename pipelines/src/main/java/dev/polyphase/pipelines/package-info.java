/**
 * The pipeline language: records, and the enums that every module shares. What a component means
 * that holds a key, and what it takes, its {@link Key} says.
 */
@NullMarked
package dev.polyphase.pipelines;

import org.jspecify.annotations.NullMarked;
