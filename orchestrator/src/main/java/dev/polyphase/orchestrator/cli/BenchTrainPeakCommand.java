package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.bench.PeakMemory;
import dev.polyphase.orchestrator.bench.TrainCase;
import dev.polyphase.orchestrator.bench.TrainSetup;
import dev.polyphase.phases.training.ComputeSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Some training steps in a process of their own, for {@link BenchTrainCommand}. */
@Command(name = BenchTrainPeakCommand.NAME, hidden = true)
final class BenchTrainPeakCommand implements Callable<Integer> {
  static final String NAME = "train-peak";

  private final Console console;

  @Parameters(index = "0", paramLabel = "CASE")
  private TrainCase trainCase = TrainCase.FULL;

  @Parameters(index = "1", paramLabel = "MODEL")
  private Path model = Path.of("");

  @Mixin private TrainShapeOptions shapeOptions = new TrainShapeOptions();

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Mixin private BenchDtypeOption dtypeOption = new BenchDtypeOption();

  BenchTrainPeakCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    ComputeSettings compute =
        ComputeSettings.of(List.of(deviceOption.device()), dtypeOption.dtype());
    PeakMemory.trainHere(
            trainCase,
            new TrainSetup(
                shapeOptions.shape(), model, compute.devices().get(0), compute.precision()))
        .ifPresent(bytes -> console.results().println(bytes));
    return ExitCode.DONE;
  }
}
