package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Defaults;

/** Reads an entry of {@code datasets} or {@code eval_datasets}. */
final class DatasetReader {
  private static final Wording PATH = Wording.any("a file or a glob");

  private DatasetReader() {}

  static Dataset read(Block dataset) {
    return new Dataset(
        dataset.text("path", PATH),
        dataset.choice("type", Dataset.RowType.class, Defaults.DATASET_TYPE),
        dataset.number("weight", Range.above0(Bounds.DATASET_WEIGHT), Defaults.DATASET_WEIGHT));
  }
}
