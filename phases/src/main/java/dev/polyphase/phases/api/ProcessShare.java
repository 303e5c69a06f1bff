package dev.polyphase.phases.api;

/**
 * What each of the processes that train together holds of a model that is dealt out to them, in
 * bytes: on a GPU of its own where there are GPUs. Activations, and the block that is gathered at
 * the moment, come on top.
 *
 * @param processes how many there are
 * @param frozenBytes of frozen weights, 2 each in bfloat16
 * @param trainedBytes of trained weights with their gradients and the optimiser's states, 16 each
 */
public record ProcessShare(int processes, long frozenBytes, long trainedBytes) {

  /** All of it. */
  public long bytes() {
    return frozenBytes + trainedBytes;
  }
}
