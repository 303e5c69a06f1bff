/** The pipeline language: records, their defaults, and the enums that every module shares. */
@NullMarked
package dev.polyphase.pipelines;

import org.jspecify.annotations.NullMarked;
