package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.kernels.Precision;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the benchmark makes of its measurements, on a model so small that its times mean nothing. In
 * the place of the processes that measure memory there are commands that print what they are told.
 */
class TrainBenchmarkTest {
  /** Three rows of 8 tokens. */
  private static final DecoderShape SHAPE =
      KnownShapes.named("tiny", OptionalInt.of(4), 8, 3).orElseThrow();

  private static final Set<TrainCase> OURS = EnumSet.range(TrainCase.FULL, TrainCase.DJL_BLOCKS);

  @TempDir Path folder;
  private final List<String> messages = new ArrayList<>();

  @ParameterizedTest
  @EnumSource
  void everyCaseHasItsOwnFigures(Precision precision) throws Exception {
    TrainFigures figures =
        benchmark(precision, one -> List.of("echo", "7" + one.name().length())).run();

    assertThat(messages).hasSize(4).last().isEqualTo("measuring memory");
    for (int round = 0; round <= 2; round++) {
      assertThat(messages.get(round)).startsWith("round %d of 2: floor ".formatted(round));
    }
    assertThat(figures.floorSeconds().orElseThrow()).isPositive();
    Map<TrainCase, CaseFigures> cases = figures.cases();
    assertThat(cases.keySet()).containsExactlyElementsOf(OURS);
    cases.forEach(
        (one, found) -> {
          assertThat(found.tokensPerSecond() * found.seconds()).isCloseTo(24, within(1e-9));
          assertThat(found.memoryBytes()).hasValue(Long.parseLong("7" + one.name().length()));
          assertThat(found.flops()).isPositive();
          // Of 128 words none is likelier than others.
          found.loss().ifPresent(loss -> assertThat(loss).isCloseTo(Math.log(128), within(0.1)));
        });
    assertThat(cases.get(TrainCase.SPECTRUM_25).flops())
        .isLessThan(cases.get(TrainCase.SPECTRUM_50).flops());
    assertThat(cases.get(TrainCase.FULL).loss()).isPresent();
    // One of the four layers of each of the seven types.
    assertThat(figures.selection()).hasSize(7);
    TreeSet<String> inOrder = new TreeSet<>(figures.selection());
    assertThat(inOrder.first()).startsWith("model.layers." + figures.lowestTrainedBlock() + ".");
  }

  /** Fused matrices, norms about both halves, experts of their own and in one tensor. */
  @ParameterizedTest
  @ValueSource(strings = {"phi3-longrope", "gemma3", "qwen3-moe", "gpt-oss"})
  void otherFamiliesAreMeasuredButForDjlsBlocks(String family) throws Exception {
    Path config = FamilyModel.of(family).copyTo(folder).resolve("config.json");
    DecoderShape shape = DecoderShape.of(Files.readString(config), 8, 2);
    Path empty = Files.createDirectory(folder.resolve("bench"));

    TrainFigures figures =
        new TrainBenchmark(
                TrainSetup.random(shape, List.of("cpu"), Precision.FLOAT32, empty),
                new TrainBenchmark.Plan(OURS, true, true, 1),
                (one, setup) -> List.of("echo", "7"),
                messages::add)
            .run();

    assertThat(messages.get(0))
        .isEqualTo(
            "djl_blocks is left out: DJL's own blocks are put together here as LlamaForCausalLM"
                + " and Qwen2ForCausalLM, not as "
                + shape.architecture());
    assertThat(figures.cases().keySet())
        .isEqualTo(
            OURS.stream().filter(one -> one != TrainCase.DJL_BLOCKS).collect(Collectors.toSet()));
    assertThat(figures.selection())
        .isNotEmpty()
        .isSubsetOf(shape.matrices().keySet())
        .noneMatch(name -> name.matches(".*\\.(gate|router)\\.weight"));
  }

  @Test
  void aProcessMayNotKnowItsMemoryButNotFail() throws Exception {
    TrainFigures figures = benchmark(Precision.FLOAT32, one -> List.of("true")).run();
    assertThat(figures.cases().values())
        .allSatisfy(found -> assertThat(found.memoryBytes()).isEqualTo(OptionalLong.empty()));
  }

  @Test
  void aProcessThatFailsEndsIt() {
    assertThatThrownBy(() -> benchmark(Precision.FLOAT32, one -> List.of("false")).run())
        .isInstanceOf(OperationFailedException.class)
        .hasMessage("the process that measures memory ended with 1");
  }

  /** What is not asked for takes no time, and what is not there is said. */
  @Test
  void whatIsNotPlannedIsNotMeasured() throws Exception {
    TrainSetup setup = TrainSetup.random(SHAPE, List.of("cpu"), Precision.FLOAT32, folder);
    Set<TrainCase> cases = EnumSet.of(TrainCase.LORA, TrainCase.TRANSFORMERS);
    TransformersPeer peer =
        TransformersPeer.find(Optional.of("python"), new Programs(Map.of("PATH", "")));

    TrainFigures figures =
        new TrainBenchmark(
                setup.with(Activations.RECOMPUTED, 3, peer),
                new TrainBenchmark.Plan(cases, false, false, 1),
                (one, of) -> List.of("false"),
                messages::add)
            .run();

    assertThat(figures.floorSeconds()).isEmpty();
    assertThat(figures.cases()).containsOnlyKeys(TrainCase.LORA);
    assertThat(figures.cases().get(TrainCase.LORA).memoryBytes()).isEmpty();
    assertThat(messages).hasSize(3);
    assertThat(messages.get(0))
        .isEqualTo(
            "transformers is left out: there is no program python; name one by --python or"
                + " POLYPHASE_PYTHON");
    assertThat(messages.get(2)).startsWith("round 1 of 1: lora ");
  }

  private TrainBenchmark benchmark(
      Precision precision, Function<TrainCase, List<String>> printsMemory) throws IOException {
    return new TrainBenchmark(
        TrainSetup.random(SHAPE, List.of("cpu"), precision, folder),
        new TrainBenchmark.Plan(OURS, true, true, 2),
        (one, setup) -> {
          assertThat(setup.shape()).isEqualTo(SHAPE);
          assertThat(setup.precision()).isEqualTo(precision);
          assertThat(setup.model().resolve("model.safetensors")).exists();
          return printsMemory.apply(one);
        },
        messages::add);
  }
}
