package dev.polyphase.phases.model;

import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/** The names of a model's parameters. */
public final class ParameterNames {
  private ParameterNames() {}

  /** All that the configuration of a checkpoint asks for. */
  public static Set<String> of(Path checkpoint) throws IOException {
    return new ModelLayout(ConfigReader.read(Checkpoint.open(checkpoint)))
        .parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }
}
