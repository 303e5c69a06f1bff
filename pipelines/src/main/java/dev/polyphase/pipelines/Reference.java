package dev.polyphase.pipelines;

/** Where the log-probabilities of a preference phase's reference come from. */
public sealed interface Reference {
  /** One pass over the rows with the weights at the phase's start. */
  record Precomputed() implements Reference {}

  /** A second forward of each batch on the frozen weights and a copy of the trained ones. */
  record Shared() implements Reference {}

  /**
   * Another checkpoint.
   *
   * @param path its folder, relative to the pipeline file's
   */
  record Checkpoint(String path) implements Reference {}
}
