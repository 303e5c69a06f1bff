package dev.polyphase.phases.model;

/**
 * An architecture, as {@code config.json} names it: which parts its keys ask for. What a model
 * computes, its tensors and its memory follow from the parts; once a configuration is read, nobody
 * asks which family it was.
 */
interface Family {
  /** The class's name among {@code architectures}. */
  String className();

  /**
   * Reads the keys that decide what the model computes. What is wrong or not implemented is noted
   * there; a key that is not read and not among {@link HarmlessKeys} will be refused.
   */
  ModelConfig read(ConfigKeys keys);
}
