/** What {@code config.json} means, family by family, and new models of one. */
@NullMarked
package dev.polyphase.phases.families;

import org.jspecify.annotations.NullMarked;
