package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.bench.PeakMemory;
import dev.polyphase.orchestrator.bench.ScanMethod;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** One scan in a process of its own, for {@link BenchScanCommand}. */
@Command(name = BenchPeakCommand.NAME, hidden = true)
final class BenchPeakCommand implements Callable<Integer> {
  static final String NAME = "scan-peak";

  private final Console console;

  @Parameters(index = "0", paramLabel = "METHOD")
  private ScanMethod method = ScanMethod.OURS;

  @Parameters(index = "1", paramLabel = "MODEL")
  private Path model = Path.of("");

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  BenchPeakCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    try (TemporaryFolder cache = TemporaryFolder.create("bench-cache")) {
      PeakMemory.scanHere(method, Checkpoint.open(model), deviceOption.device(), cache.path())
          .ifPresent(bytes -> console.results().println(bytes));
    }
    return ExitCode.DONE;
  }
}
