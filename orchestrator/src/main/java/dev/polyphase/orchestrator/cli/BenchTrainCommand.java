package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.Precision;
import dev.polyphase.orchestrator.bench.TrainBenchmark;
import dev.polyphase.orchestrator.bench.TrainCase;
import dev.polyphase.orchestrator.bench.TrainFigures;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.orchestrator.bench.TrainSetup;
import dev.polyphase.orchestrator.bench.TransformersPeer;
import dev.polyphase.orchestrator.machine.Gpu;
import dev.polyphase.orchestrator.machine.GpuPeak;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.training.ComputeSettings;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.trl.launch.Programs;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description =
        "Compares training steps: of everything, of selections, of LoRA, of DJL's own blocks, of"
            + " transformers.")
final class BenchTrainCommand implements Callable<Integer> {
  private static final int MOST_ROUNDS = 10_000;
  private static final int SEQUENCE = 512;
  private static final String FLOOR = "floor";

  /** What is divided: tokens per second of the first by those of the second. */
  private static final Map<TrainCase, TrainCase> RATIOS =
      new TreeMap<>(
          Map.of(
              TrainCase.FULL, TrainCase.TRANSFORMERS,
              TrainCase.SPECTRUM_25, TrainCase.TRANSFORMERS_SPECTRUM_25));

  private final Console console;

  @Mixin private TrainShapeOptions shapeOptions = new TrainShapeOptions();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "7",
      description = "How often each step is measured; 7 by default.")
  private int rounds;

  @Option(
      names = "--cases",
      paramLabel = "CASE",
      split = ",",
      description =
          "What is measured, of floor, full, spectrum_50, spectrum_25, spectrum_25_frozen_ends,"
              + " lora, djl_blocks, transformers and transformers_spectrum_25; all by default.")
  private @Nullable List<String> cases;

  @Option(
      names = "--python",
      paramLabel = "PROGRAM",
      description =
          "A Python with torch and transformers, to measure theirs; that of POLYPHASE_PYTHON by"
              + " default, else python3.")
  private @Nullable String python;

  @Option(
      names = "--recompute",
      description =
          "Computes blocks again in the backward pass; gradient checkpointing of transformers.")
  private boolean recompute;

  @Option(
      names = "--passes",
      paramLabel = "N",
      defaultValue = "1",
      description = "In how many micro-batches the rows go through the model; 1 by default.")
  private int passes;

  @Option(names = "--no-memory", description = "Measures no memory, which takes its time.")
  private boolean noMemory;

  @Option(
      names = "--weights",
      paramLabel = "FOLDER",
      description =
          "Where the random weights are kept for the next time; they go when it is done by"
              + " default.")
  private @Nullable Path weights;

  @Mixin private DevicesOption devicesOption = new DevicesOption();

  @Mixin private BenchDtypeOption dtypeOption = new BenchDtypeOption();

  BenchTrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    DecoderShape shape = shapeOptions.shape(SEQUENCE);
    if (shape.sequence() < 2) {
      throw new InputException("--seq is 1; a row of one token has no next one to learn");
    }
    TrainShapeOptions.requireWithin("--rounds", rounds, MOST_ROUNDS);
    TrainShapeOptions.requireWithin("--passes", passes, shape.batch());
    TrainBenchmark.Plan plan = plan();
    if (shape.batch() % passes != 0) {
      throw new InputException(
          "--passes is %d, which does not divide the %d rows of --batch"
              .formatted(passes, shape.batch()));
    }
    ComputeSettings compute = ComputeSettings.of(devicesOption.devices(), dtypeOption.dtype());
    TransformersPeer peer =
        plan.cases().stream().anyMatch(TrainCase::inTransformers)
            ? TransformersPeer.find(Optional.ofNullable(python), Programs.ofThisProcess())
            : TransformersPeer.none();
    try (TemporaryFolder folder = TemporaryFolder.create("bench")) {
      TrainSetup setup =
          TrainSetup.random(
                  shape,
                  compute.devices(),
                  compute.precision(),
                  weights == null ? folder.path().resolve("model") : weights)
              .with(recompute ? Activations.RECOMPUTED : Activations.KEPT, passes, peer);
      TrainFigures figures =
          new TrainBenchmark(setup, plan, this::child, console.messages()::println).run();
      console.results().println(json(setup, figures));
    }
    return ExitCode.DONE;
  }

  private TrainBenchmark.Plan plan() {
    if (cases == null) {
      return new TrainBenchmark.Plan(EnumSet.allOf(TrainCase.class), true, !noMemory, rounds);
    }
    Map<String, TrainCase> known =
        Arrays.stream(TrainCase.values()).collect(Collectors.toMap(TrainCase::word, one -> one));
    Set<TrainCase> chosen = EnumSet.noneOf(TrainCase.class);
    for (String word : cases) {
      TrainCase one = known.get(word);
      if (one != null) {
        chosen.add(one);
      } else if (!word.equals(FLOOR)) {
        throw new InputException(
            "--cases has '%s'; the cases are %s, %s"
                .formatted(
                    word,
                    FLOOR,
                    Arrays.stream(TrainCase.values())
                        .map(TrainCase::word)
                        .collect(Collectors.joining(", "))));
      }
    }
    return new TrainBenchmark.Plan(chosen, cases.contains(FLOOR), !noMemory, rounds);
  }

  /** This program again, as {@link BenchTrainPeakCommand}. */
  private List<String> child(TrainCase trainCase, TrainSetup setup) {
    return BenchTrainPeakCommand.command(trainCase, setup, shapeOptions.like());
  }

  private static ObjectNode json(TrainSetup setup, TrainFigures figures) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("shape", TrainShapeOptions.json(setup.shape()));
    json.put("device", String.join(",", setup.devices()));
    Optional<String> gpu = gpu(setup.devices());
    gpu.ifPresent(name -> json.put("gpu", name));
    json.put("dtype", BenchDtypeOption.nameOf(setup.precision()));
    json.put("passes", setup.passes());
    json.put("recompute", setup.activations() == Activations.RECOMPUTED);
    ArrayNode modules = json.putArray("spectrum_25_modules");
    figures.selection().forEach(weight -> modules.add(weight.replaceFirst("\\.weight$", "")));
    json.put("lowest_trained_block", figures.lowestTrainedBlock());
    figures.floorSeconds().ifPresent(seconds -> json.put("floor_seconds", seconds));
    if (figures.cases().keySet().stream().anyMatch(TrainCase::inTransformers)) {
      ObjectNode versions = json.putObject("transformers");
      new TreeMap<>(setup.peer().versions()).forEach(versions::put);
    }
    OptionalDouble peak =
        setup.precision() == Precision.BFLOAT16
            ? gpu.map(GpuPeak::bfloat16).orElse(OptionalDouble.empty())
            : OptionalDouble.empty();
    ObjectNode cases = json.putObject("cases");
    figures
        .cases()
        .forEach(
            (trainCase, found) ->
                cases.set(
                    trainCase.word(),
                    caseJson(
                        found,
                        figures.floorSeconds(),
                        // DJL's own blocks compute in float32 whatever the dtype is.
                        trainCase == TrainCase.DJL_BLOCKS ? OptionalDouble.empty() : peak,
                        devicesOf(trainCase, setup))));
    putRatios(json, figures.cases());
    return json;
  }

  private static ObjectNode caseJson(
      CaseFigures found, OptionalDouble floorSeconds, OptionalDouble peak, long devices) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("seconds", found.seconds());
    floorSeconds.ifPresent(floor -> json.put("ratio_to_floor", found.seconds() / floor));
    json.put("tokens_per_second", found.tokensPerSecond());
    json.put("flops_per_step", found.flops());
    double teraflops = found.flops() / found.seconds() / 1e12;
    json.put("tflops", teraflops);
    peak.ifPresent(most -> json.put("mfu", teraflops / (most * devices)));
    if (found.memoryBytes().isPresent()) {
      json.put("memory_bytes", found.memoryBytes().getAsLong());
    } else {
      json.putNull("memory_bytes");
    }
    found.loss().stream().filter(Double::isFinite).forEach(loss -> json.put("loss", loss));
    return json;
  }

  /** On how many devices a case is: other programs' cases know one. */
  private static long devicesOf(TrainCase trainCase, TrainSetup setup) {
    return trainCase.inTransformers() || trainCase == TrainCase.DJL_BLOCKS
        ? 1
        : setup.devices().stream().distinct().count();
  }

  private static void putRatios(ObjectNode json, Map<TrainCase, CaseFigures> cases) {
    ObjectNode ratios = JsonNodeFactory.instance.objectNode();
    RATIOS.forEach(
        (ours, theirs) -> {
          CaseFigures over = cases.get(ours);
          CaseFigures under = cases.get(theirs);
          if (over != null && under != null) {
            ratios.put(
                "%s_over_%s".formatted(ours.word(), theirs.word()),
                over.tokensPerSecond() / under.tokensPerSecond());
          }
        });
    if (!ratios.isEmpty()) {
      json.set("tokens_per_second_ratios", ratios);
    }
  }

  /** The GPU's name, where all of the machine are of one: their numbers may differ from CUDA's. */
  private static Optional<String> gpu(List<String> devices) {
    if (devices.contains("cpu")) {
      return Optional.empty();
    }
    List<String> names = Gpu.all().stream().map(Gpu::name).distinct().toList();
    return names.size() == 1 ? Optional.of(names.get(0)) : Optional.empty();
  }
}
