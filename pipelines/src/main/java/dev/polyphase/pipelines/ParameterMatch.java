package dev.polyphase.pipelines;

/** How {@code unfrozen_parameters} are matched against parameters' names. */
public enum ParameterMatch {
  /** As Axolotl does: from the start of a name, dots literal, ranges of rows in brackets. */
  AXOLOTL,
  /** Whole names, ranges of rows in brackets. */
  EXACT,
  /** Python's regular expressions, found anywhere in a name. */
  REGEX
}
