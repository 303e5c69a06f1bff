/** The records of a run's report and the files drawn from them. */
@NullMarked
package dev.polyphase.reports;

import org.jspecify.annotations.NullMarked;
