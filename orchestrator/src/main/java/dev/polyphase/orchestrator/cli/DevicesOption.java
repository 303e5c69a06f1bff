package dev.polyphase.orchestrator.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** The option that says where a command computes that can do so in several places. */
final class DevicesOption {
  @Option(
      names = DeviceOption.NAME,
      defaultValue = "auto",
      paramLabel = "D",
      description = "auto, cpu, cuda or cuda:N; several with commas.")
  private String devices = "auto";

  /** The devices in their order, as in a pipeline. */
  List<String> devices() {
    return List.of(devices.split(",", -1));
  }
}
