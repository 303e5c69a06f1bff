package dev.polyphase.orchestrator.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** The option that says where a command computes. */
final class DeviceOption {
  static final String NAME = "--device";

  @Option(
      names = NAME,
      defaultValue = "auto",
      paramLabel = "D",
      description = "auto, cpu, cuda or cuda:N.")
  private String device = "auto";

  /** The device, as in a pipeline. */
  String device() {
    return device;
  }

  /** The option again, for another process. */
  List<String> arguments() {
    return arguments(device);
  }

  /** The option for another process. */
  static List<String> arguments(String device) {
    return List.of(NAME, device);
  }
}
