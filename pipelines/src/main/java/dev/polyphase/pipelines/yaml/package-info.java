/** YAML as a tree of values that know their place; what a scalar means is decided by who asks. */
@NullMarked
package dev.polyphase.pipelines.yaml;

import org.jspecify.annotations.NullMarked;
