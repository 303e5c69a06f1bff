package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.BenchStep;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;

/** A way to train that a benchmark measures. */
public sealed interface StepCase permits TrainCase, DpoCase {

  /** Its name; no two have the same. */
  String name();

  /** The weights that are trained themselves. */
  Set<String> trained(TrainSetup setup) throws IOException;

  /** Loads the model. */
  BenchStep open(TrainSetup setup) throws IOException;

  /** The one of a name. */
  static StepCase named(String name) {
    return Stream.<StepCase>concat(
            Arrays.stream(TrainCase.values()), Arrays.stream(DpoCase.values()))
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
