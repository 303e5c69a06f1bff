package dev.polyphase.phases.families;

import dev.polyphase.phases.model.ModelConfig;

/**
 * An architecture, as {@code config.json} names it: which parts its keys ask for. What a model
 * computes, its tensors and its memory follow from the parts; once a configuration is read, nobody
 * asks which family it was.
 */
interface Family {
  /** The class's name among {@code architectures}. */
  String className();

  /** The {@code model_type}, by which a model of several parts names its text model. */
  String modelType();

  /**
   * Reads the keys that decide what the model computes. What is wrong or not implemented is noted
   * there; a key that is not read and not among {@link HarmlessKeys} will be refused.
   */
  ModelConfig read(ConfigKeys keys);
}
