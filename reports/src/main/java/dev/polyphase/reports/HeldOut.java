package dev.polyphase.reports;

import org.jspecify.annotations.Nullable;

/**
 * A figure on held-out rows.
 *
 * @param name its key in {@code metrics.jsonl}, as {@code eval_loss}
 * @param before its value before the phase, or null
 * @param after its value after the phase, or null
 */
public record HeldOut(String name, @Nullable Double before, @Nullable Double after) {

  /** Whether it is the loss of one dataset, of which there may be many. */
  public boolean ofDataset() {
    return name.startsWith("eval_loss/");
  }
}
