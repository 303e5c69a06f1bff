package dev.polyphase.pipelines.yaml;

import dev.polyphase.pipelines.problems.Place;

/** A value of a YAML document. Aliases and merge keys are resolved. */
public sealed interface Node permits Mapping, Sequence, Scalar {

  /** Where the value begins; of an aliased value, where its anchor stands. */
  Place place();

  /** Where in the tree it is written, as {@code phases[1].targeting}; empty for the root. */
  String path();

  /** What a message calls the value, as in "is {@code a list}". */
  String found();

  /** Whether the value is null: {@code null}, {@code ~} or nothing at all. */
  default boolean isNull() {
    return false;
  }
}
