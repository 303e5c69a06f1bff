package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
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
  private static final int SEQUENCE = 512;

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
    DecoderShape shape = shapeOptions.shape(SEQUENCE);
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
    return BenchTrainPeakCommand.command(trainCase, setup, shapeOptions.like());
  }

  private static ObjectNode json(
      DecoderShape shape, ComputeSettings compute, TrainFigures figures) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("shape", TrainShapeOptions.json(shape));
    json.put("device", compute.devices().get(0));
    json.put("dtype", BenchDtypeOption.nameOf(compute.precision()));
    ArrayNode modules = json.putArray("spectrum_25_modules");
    figures.selection().forEach(weight -> modules.add(weight.replaceFirst("\\.weight$", "")));
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
