/** Reads pipelines from YAML and writes them: the words, ranges and rules of the language. */
@NullMarked
package dev.polyphase.pipelines.language;

import org.jspecify.annotations.NullMarked;
