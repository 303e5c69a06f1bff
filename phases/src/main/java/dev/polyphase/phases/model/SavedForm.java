package dev.polyphase.phases.model;

import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;

/** How a model's weights are rounded when they are saved. */
public interface SavedForm {

  /** What a parameter is saved in. */
  Precision precision(String parameter);

  /** How its values become those of that. */
  RoundingRule rule(String parameter);
}
