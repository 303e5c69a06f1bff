package dev.polyphase.phases.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/** The names of a model's parameters. */
public final class ParameterNames {
  private ParameterNames() {}

  /** All that the configuration of a checkpoint asks for. */
  public static Set<String> of(Path checkpoint) throws IOException {
    return new ModelLayout(ConfigReader.read(checkpoint))
        .parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }
}
