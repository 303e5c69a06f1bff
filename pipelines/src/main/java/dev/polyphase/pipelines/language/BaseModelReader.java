package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.BaseModel;

/** Reads {@code base_model}: a text, or a mapping for a new model. */
final class BaseModelReader {
  private static final Wording LOCATION =
      Wording.any("a model's folder, its id, or {init: random, config: FILE, tokenizer: FOLDER}");
  private static final Wording CONFIG = Wording.any("a config.json");
  private static final Wording TOKENIZER = Wording.any("a tokenizer's folder");

  /** How the weights of a new model begin. */
  private enum Init {
    RANDOM
  }

  private BaseModelReader() {}

  static BaseModel read(Block pipeline) {
    return pipeline.hasMapping("base_model")
        ? pipeline.block("base_model", BaseModelReader::random)
        : new BaseModel.Existing(pipeline.text("base_model", LOCATION));
  }

  private static BaseModel random(Block model) {
    model.requiredChoice("init", Init.class, Init.RANDOM);
    return new BaseModel.Random(model.text("config", CONFIG), model.text("tokenizer", TOKENIZER));
  }
}
