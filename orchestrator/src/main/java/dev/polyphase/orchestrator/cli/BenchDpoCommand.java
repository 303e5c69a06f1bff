package dev.polyphase.orchestrator.cli;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.bench.DpoBenchmark;
import dev.polyphase.orchestrator.bench.DpoCase;
import dev.polyphase.orchestrator.bench.DpoFigures;
import dev.polyphase.orchestrator.bench.TrainSetup;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.training.ComputeSettings;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "dpo",
    mixinStandardHelpOptions = true,
    description =
        "Compares steps on pairs: references precomputed, shared and separate, prompts computed"
            + " once, packing.")
final class BenchDpoCommand implements Callable<Integer> {
  private static final int MOST_ROUNDS = 10_000;
  private static final int SEQUENCE = 128;

  /** Prompts and completions of mixed lengths need room. */
  private static final int LEAST_SEQUENCE = 16;

  /** What stands beside a case's own seconds. */
  private static final Map<DpoCase, Beside> BESIDE =
      Map.of(
          DpoCase.PRECOMPUTED, new Beside("reference_seconds", DpoCase.REFERENCE_PASS),
          DpoCase.PREFIX_SHARING, new Beside("unshared_seconds", DpoCase.PRECOMPUTED),
          DpoCase.PACKED, new Beside("padded_seconds", DpoCase.PADDED));

  private final Console console;

  @Mixin private TrainShapeOptions shapeOptions = new TrainShapeOptions();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often each step is measured; 3 by default.")
  private int rounds;

  @Mixin private DeviceOption deviceOption = new DeviceOption();
  @Mixin private BenchDtypeOption dtypeOption = new BenchDtypeOption();

  BenchDpoCommand(Console console) {
    this.console = console;
  }

  /** Another case's seconds, by the name that they have there. */
  private record Beside(String key, DpoCase of) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    DecoderShape shape = shapeOptions.shape(SEQUENCE);
    if (shape.sequence() < LEAST_SEQUENCE) {
      throw new InputException(
          "--seq is %d; rows of pairs need %d tokens at least"
              .formatted(shape.sequence(), LEAST_SEQUENCE));
    }
    TrainShapeOptions.requireWithin("--rounds", rounds, MOST_ROUNDS);
    ComputeSettings compute =
        ComputeSettings.of(List.of(deviceOption.device()), dtypeOption.dtype());
    try (TemporaryFolder folder = TemporaryFolder.create("bench")) {
      DpoFigures figures =
          new DpoBenchmark(
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
  private List<String> child(DpoCase dpoCase, TrainSetup setup) {
    return BenchTrainPeakCommand.command(dpoCase, setup, shapeOptions.like());
  }

  private static ObjectNode json(DecoderShape shape, ComputeSettings compute, DpoFigures figures) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("shape", TrainShapeOptions.json(shape));
    json.put("device", compute.devices().get(0));
    json.put("dtype", BenchDtypeOption.nameOf(compute.precision()));
    json.put("trained_bytes", figures.trainedBytes());
    ObjectNode cases = json.putObject("cases");
    figures
        .memoryBytes()
        .forEach(
            (dpoCase, bytes) -> {
              ObjectNode found = cases.putObject(dpoCase.name().toLowerCase(Locale.ROOT));
              found.put("seconds", seconds(figures, dpoCase));
              if (bytes.isPresent()) {
                found.put("memory_bytes", bytes.getAsLong());
              } else {
                found.putNull("memory_bytes");
              }
              Beside beside = BESIDE.get(dpoCase);
              if (beside != null) {
                found.put(beside.key(), seconds(figures, beside.of()));
              }
            });
    return json;
  }

  private static double seconds(DpoFigures figures, DpoCase dpoCase) {
    return requireNonNull(figures.seconds().get(dpoCase));
  }
}
