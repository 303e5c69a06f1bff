/** What other programs show of a run: TensorBoard, by files, and MLflow, by its server. */
@NullMarked
package dev.polyphase.orchestrator.trackers;

import org.jspecify.annotations.NullMarked;
