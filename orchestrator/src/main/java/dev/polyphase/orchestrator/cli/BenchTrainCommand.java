package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.bench.TrainBenchmark;
import dev.polyphase.orchestrator.bench.TrainCase;
import dev.polyphase.orchestrator.bench.TrainFigures;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.orchestrator.bench.TrainSetup;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.training.ComputeSettings;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Compares training steps: of everything, of selections, of LoRA, of DJL's own blocks.")
final class BenchTrainCommand implements Callable<Integer> {
  private static final int MOST_ROUNDS = 10_000;

  private final Console console;

  @Mixin private TrainShapeOptions shapeOptions = new TrainShapeOptions();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "7",
      description = "How often each step is measured; 7 by default.")
  private int rounds;

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Mixin private BenchDtypeOption dtypeOption = new BenchDtypeOption();

  BenchTrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    DecoderShape shape = shapeOptions.shape();
    TrainShapeOptions.requireWithin("--rounds", rounds, MOST_ROUNDS);
    ComputeSettings compute =
        ComputeSettings.of(List.of(deviceOption.device()), dtypeOption.dtype());
    try (TemporaryFolder folder = TemporaryFolder.create("bench")) {
      TrainFigures figures =
          new TrainBenchmark(
                  shape,
                  compute.devices().get(0),
                  compute.precision(),
                  rounds,
                  folder.path(),
                  this::child,
                  console.messages()::println)
              .run();
      console.results().println(json(shape, compute, figures));
    }
    return ExitCode.DONE;
  }

  /** This program again, as {@link BenchTrainPeakCommand}. */
  private List<String> child(TrainCase trainCase, TrainSetup setup) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(
        List.of("bench", BenchTrainPeakCommand.NAME, trainCase.name(), setup.model().toString()));
    arguments.addAll(TrainShapeOptions.arguments(setup.shape(), shapeOptions.like()));
    arguments.addAll(DeviceOption.arguments(setup.device()));
    arguments.addAll(BenchDtypeOption.arguments(setup.precision()));
    return ChildProgram.command(ChildProgram.STEADY_HEAP, arguments);
  }

  private static ObjectNode json(
      DecoderShape shape, ComputeSettings compute, TrainFigures figures) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("shape", shapeJson(shape));
    json.put("device", compute.devices().get(0));
    json.put("dtype", BenchDtypeOption.nameOf(compute.precision()));
    figures.selection().forEach(json.putArray("spectrum_25_modules")::add);
    json.put("lowest_trained_block", figures.lowestTrainedBlock());
    json.put("floor_seconds", figures.floorSeconds());
    ObjectNode cases = json.putObject("cases");
    figures
        .cases()
        .forEach(
            (trainCase, found) ->
                cases.set(
                    trainCase.name().toLowerCase(Locale.ROOT),
                    caseJson(found, figures.floorSeconds())));
    return json;
  }

  private static ObjectNode shapeJson(DecoderShape shape) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("hidden", shape.hidden())
        .put("layers", shape.layers())
        .put("heads", shape.heads())
        .put("key_value_heads", shape.keyValueHeads())
        .put("intermediate", shape.intermediate())
        .put("vocabulary", shape.vocabulary())
        .put("sequence", shape.sequence())
        .put("batch", shape.batch());
  }

  private static ObjectNode caseJson(CaseFigures found, double floorSeconds) {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("seconds", found.seconds())
            .put("ratio_to_floor", found.seconds() / floorSeconds)
            .put("tokens_per_second", found.tokensPerSecond());
    if (found.memoryBytes().isPresent()) {
      json.put("memory_bytes", found.memoryBytes().getAsLong());
    } else {
      json.putNull("memory_bytes");
    }
    return json;
  }
}
