package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.bench.PeakMemory;
import dev.polyphase.orchestrator.bench.StepCase;
import dev.polyphase.orchestrator.bench.TrainSetup;
import dev.polyphase.orchestrator.bench.TransformersPeer;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.training.ComputeSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Some training steps in a process of their own, for {@link BenchTrainCommand} and {@link
 * BenchDpoCommand}.
 */
@Command(name = BenchTrainPeakCommand.NAME, hidden = true)
final class BenchTrainPeakCommand implements Callable<Integer> {
  static final String NAME = "train-peak";
  private static final String PASSES = "--passes";
  private static final String RECOMPUTE = "--recompute";

  private final Console console;

  @Parameters(index = "0", paramLabel = "CASE")
  private String stepCase = "";

  @Parameters(index = "1", paramLabel = "MODEL")
  private Path model = Path.of("");

  @Mixin private TrainShapeOptions shapeOptions = new TrainShapeOptions();

  @Mixin private DevicesOption devicesOption = new DevicesOption();

  @Mixin private BenchDtypeOption dtypeOption = new BenchDtypeOption();

  @Option(names = PASSES)
  private int passes = 1;

  @Option(names = RECOMPUTE)
  private boolean recompute;

  BenchTrainPeakCommand(Console console) {
    this.console = console;
  }

  /**
   * The command that runs it.
   *
   * @param like the shape that the model has but for its layers
   */
  static List<String> command(StepCase stepCase, TrainSetup setup, String like) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("bench", NAME, stepCase.name(), setup.model().toString()));
    arguments.addAll(TrainShapeOptions.arguments(setup.shape(), like));
    arguments.addAll(DeviceOption.arguments(String.join(",", setup.devices())));
    arguments.addAll(List.of(PASSES, String.valueOf(setup.passes())));
    arguments.addAll(BenchDtypeOption.arguments(setup.precision()));
    if (setup.activations() == Activations.RECOMPUTED) {
      arguments.add(RECOMPUTE);
    }
    return ChildProgram.command(ChildProgram.STEADY_HEAP, arguments);
  }

  @Override
  public Integer call() throws IOException {
    ComputeSettings compute = ComputeSettings.of(devicesOption.devices(), dtypeOption.dtype());
    PeakMemory.trainHere(
            StepCase.named(stepCase),
            new TrainSetup(
                shapeOptions.shape(1),
                model,
                compute.devices(),
                compute.precision(),
                recompute ? Activations.RECOMPUTED : Activations.KEPT,
                passes,
                TransformersPeer.none()))
        .ifPresent(bytes -> console.results().println(bytes));
    return ExitCode.DONE;
  }
}
