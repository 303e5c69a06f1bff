package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.bench.ScanBenchmark;
import dev.polyphase.orchestrator.bench.ScanFigures;
import dev.polyphase.orchestrator.bench.ScanMethod;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "scan",
    mixinStandardHelpOptions = true,
    description = "Compares our scan with float32 svdvals of every matrix, the model in memory.")
final class BenchScanCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = "--like",
      paramLabel = "MODEL",
      defaultValue = "qwen2.5-0.5b",
      description =
          "Whose shapes the weights have: ${COMPLETION-CANDIDATES}; qwen2.5-0.5b by default.",
      completionCandidates = TrainShapeOptions.Names.class)
  private String like = "";

  @Option(
      names = "--layers",
      paramLabel = "N",
      defaultValue = "4",
      description = "How many layers; 4 by default.")
  private int layers;

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  BenchScanCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int most = shape(OptionalInt.empty()).layers();
    if (layers < 1 || layers > most) {
      throw new InputException("--layers is %d; %s has 1 to %d".formatted(layers, like, most));
    }
    try (TemporaryFolder folder = TemporaryFolder.create("bench")) {
      ScanBenchmark benchmark =
          new ScanBenchmark(
              like,
              shape(OptionalInt.of(layers)),
              deviceOption.device(),
              folder.path(),
              this::child,
              console.messages()::println);
      console.results().println(json(benchmark.run()));
    }
    return ExitCode.DONE;
  }

  /** Of a scan no tokens are asked for. */
  private DecoderShape shape(OptionalInt firstLayers) {
    return TrainShapeOptions.known(like, firstLayers, 1, 1);
  }

  /** This program again, as {@link BenchPeakCommand}. */
  private List<String> child(ScanMethod method, Path checkpoint) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("bench", BenchPeakCommand.NAME, method.name(), checkpoint.toString()));
    arguments.addAll(deviceOption.arguments());
    return ChildProgram.command(List.of(), arguments);
  }

  private static ObjectNode json(ScanFigures figures) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("full_seconds", figures.fullSeconds());
    json.put("reference_seconds", figures.referenceSeconds());
    json.put("full_ratio", figures.fullSeconds() / figures.referenceSeconds());
    json.put("rescan_seconds", figures.rescanSeconds());
    json.put("rescan_ratio", figures.rescanSeconds() / figures.referenceSeconds());
    json.put("max_relative_difference", figures.maxRelativeDifference());
    json.put("same_selection", figures.sameSelection());
    put(json, "peak_bytes", figures.peakBytes());
    put(json, "reference_peak_bytes", figures.referencePeakBytes());
    json.put("model_bytes", figures.modelBytes());
    return json;
  }

  private static void put(ObjectNode json, String key, OptionalLong bytes) {
    if (bytes.isPresent()) {
      json.put(key, bytes.getAsLong());
    } else {
      json.putNull(key);
    }
  }
}
