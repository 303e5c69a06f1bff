/** What a phase leaves: the base's folder with new values, and the ends that were learned. */
@NullMarked
package dev.polyphase.phases.result;

import org.jspecify.annotations.NullMarked;
