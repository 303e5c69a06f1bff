package dev.polyphase.pipelines;

/** What the first phase starts from. */
public sealed interface BaseModel {

  /**
   * An existing model.
   *
   * @param location a folder in Hugging Face layout, relative to the pipeline file's folder, or a
   *     Hugging Face id, with a revision as {@code ID@REVISION}
   */
  record Existing(String location) implements BaseModel {}

  /**
   * A new model with random weights.
   *
   * @param config its {@code config.json}, relative to the pipeline file's folder
   * @param tokenizer the folder of its tokenizer
   */
  record Random(
      @Key(means = "the new model's `config.json`", wanted = "a config.json") String config,
      @Key(means = "the folder of its tokenizer", wanted = "a tokenizer's folder") String tokenizer)
      implements BaseModel {}
}
