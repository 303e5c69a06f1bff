package dev.polyphase.phases.objective;

import dev.polyphase.phases.model.ModelConfig;

/**
 * What the rows of a phase must know of the models that will compute them.
 *
 * @param vocabSize ids are below it
 * @param sharesPrefixes whether a prefix is the same whatever follows it, so that it may be
 *     computed once: not where positions depend on how long a row is
 */
public record RowModel(int vocabSize, boolean sharesPrefixes) {
  /** What a model says of itself. */
  public static RowModel of(ModelConfig config) {
    return new RowModel(
        config.vocabSize(),
        config.blocks().stream().noneMatch(block -> block.attention().rope().dependsOnLength()));
  }

  /** The same rows, computed by another model too, which has the same vocabulary. */
  public RowModel and(ModelConfig other) {
    return new RowModel(vocabSize, sharesPrefixes && of(other).sharesPrefixes());
  }
}
