package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.kernels.Precision;
import dev.polyphase.orchestrator.bench.TrainFigures.CaseFigures;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Function;
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
    assertThat(figures.floorSeconds()).isPositive();
    Map<TrainCase, CaseFigures> cases = figures.cases();
    assertThat(cases.keySet()).containsExactly(TrainCase.values());
    cases.forEach(
        (one, found) -> {
          assertThat(found.tokensPerSecond() * found.seconds()).isCloseTo(24, within(1e-9));
          assertThat(found.memoryBytes()).hasValue(Long.parseLong("7" + one.name().length()));
        });
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
                shape,
                "cpu",
                Precision.FLOAT32,
                1,
                empty,
                (one, setup) -> List.of("echo", "7"),
                messages::add)
            .run();

    assertThat(messages.get(0))
        .isEqualTo(
            "djl_blocks is left out: DJL's own blocks are put together here as LlamaForCausalLM"
                + " and Qwen2ForCausalLM, not as "
                + shape.architecture());
    assertThat(figures.cases().keySet())
        .containsExactlyElementsOf(EnumSet.complementOf(EnumSet.of(TrainCase.DJL_BLOCKS)));
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

  private TrainBenchmark benchmark(
      Precision precision, Function<TrainCase, List<String>> printsMemory) {
    return new TrainBenchmark(
        SHAPE,
        "cpu",
        precision,
        2,
        folder,
        (one, setup) -> {
          assertThat(setup.shape()).isEqualTo(SHAPE);
          assertThat(setup.precision()).isEqualTo(precision);
          assertThat(setup.model().resolve("model.safetensors")).exists();
          return printsMemory.apply(one);
        },
        messages::add);
  }
}
