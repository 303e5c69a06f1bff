/** The seam between the engine and whoever trains a phase; free of DJL. */
@NullMarked
package dev.polyphase.phases.api;

import org.jspecify.annotations.NullMarked;
