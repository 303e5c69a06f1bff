package dev.polyphase.trl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.GoldenModel;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine gives the figures and the weights of the embedded trainer. */
class AgainstEmbeddedTest {
  private static final double A_STEP = 1e-4;

  /** What the clock says. */
  private static final Set<String> OF_TIME =
      Set.of("tokens_per_second", "eval_runtime", "eval_samples_per_second");

  @TempDir Path folder;

  @ParameterizedTest(name = "{0} {1} on {2} {3}")
  @CsvSource({
    "LLAMA, sft, 1, ddp",
    "QWEN2, packed, 2, fsdp2",
    "QWEN3_NORMS, dpo, 2, fsdp2",
  })
  void isTheSame(Fixture fixture, String what, int processes, String sharding) throws IOException {
    assertTheSame(fixture, trained(fixture), what, processes, sharding);
  }

  /** Blocks that are put together otherwise, which transformers builds itself. */
  @Test
  void gemma3IsTheSame() throws IOException {
    familyIsTheSame("gemma3");
  }

  /** {@code -Dpolyphase.engines=all} asks for these too. */
  @ParameterizedTest
  @EnabledIfSystemProperty(named = "polyphase.engines", matches = "all")
  @ValueSource(
      strings = {
        "gemma2",
        "gpt-oss",
        "granite",
        "llama-yarn",
        "ministral3",
        "olmo2",
        "olmo3",
        "qwen3-moe",
        "smollm3-nope"
      })
  void familyIsTheSame(String family) throws IOException {
    assertTheSame(
        FamilyModel.of(family),
        new String[] {
          "model.layers.0.self_attn.q_proj.weight",
          "model.layers.1.self_attn.o_proj.weight",
          "model.norm.weight"
        },
        "sft",
        1,
        "ddp");
  }

  private void assertTheSame(
      GoldenModel fixture, String[] trained, String what, int processes, String sharding)
      throws IOException {
    String[] engine =
        sharding.equals("fsdp2")
            ? PeerPython.sharded(processes, folder)
            : PeerPython.processes(processes);
    EngineRunner rows = EngineRunner.of(folder, fixture, trained);
    EngineRunner run =
        switch (what) {
          case "dpo" -> rows.onPairs();
          case "packed" -> rows.with("phases.one.sample_packing=true");
          default -> rows;
        };
    RecordingListener expected = new RecordingListener();
    PhaseResult embedded = run.embedded("embedded", expected);

    RecordingListener heard = new RecordingListener();
    PhaseResult result = run.with(engine).engine("engine", heard);

    assertThat(heard.notes).anyMatch(note -> note.startsWith("attempt 1 of the engine: "));
    if (processes > 1) {
      assertThat(heard.notes)
          .anyMatch(note -> note.contains(sharding.equals("fsdp2") ? "(FSDP2)" : "(DDP)"));
    }
    assertSame(heard.rows, expected.rows);
    assertThat(result.trainedValues()).isEqualTo(embedded.trainedValues());
    assertThat(result.steps()).isEqualTo(embedded.steps());
    assertThat(result.tokens()).isEqualTo(embedded.tokens());
    assertThat(result.data()).isEqualTo(embedded.data());
    assertThat(result.ends()).isEqualTo(embedded.ends());
    assertSameModel(run, run.trained());
  }

  /** {@code -Dpolyphase.engines=all} asks for every model, each way: half an hour on two cores. */
  @ParameterizedTest(name = "{0} {1} on {2} {3}")
  @EnabledIfSystemProperty(named = "polyphase.engines", matches = "all")
  @MethodSource("all")
  void everythingIsTheSame(Fixture fixture, String what, int processes, String sharding)
      throws IOException {
    isTheSame(fixture, what, processes, sharding);
  }

  static Stream<Arguments> all() {
    return Stream.of(Fixture.values())
        .flatMap(
            fixture ->
                Stream.of("sft", "packed", "dpo")
                    .flatMap(
                        what ->
                            Stream.of(
                                Arguments.of(fixture, what, 1, "ddp"),
                                Arguments.of(fixture, what, 2, "ddp"),
                                Arguments.of(fixture, what, 2, "fsdp2"))));
  }

  /** Of a tied model the embedding, with a norm and matrices above a frozen prefix. */
  private static String[] trained(Fixture fixture) {
    return fixture == Fixture.QWEN2
        ? new String[] {
          "model.embed_tokens.weight",
          "model.layers.1.self_attn.q_proj.bias",
          "model.layers.1.self_attn.q_proj.weight"
        }
        : new String[] {
          "model.layers.1.mlp.down_proj.weight",
          "model.layers.1.self_attn.v_proj.weight",
          "model.norm.weight",
          "lm_head.weight"
        };
  }

  private static void assertSame(List<MetricsRow> rows, List<MetricsRow> expected) {
    assertThat(rows).hasSameSizeAs(expected);
    for (int i = 0; i < rows.size(); i++) {
      Map<String, Number> row = rows.get(i).values();
      Map<String, Number> other = expected.get(i).values();
      for (String name : row.keySet()) {
        assertThat(other).as("row %d", i).containsKey(name);
        if (!OF_TIME.contains(name)) {
          double value = other.get(name).doubleValue();
          assertThat(row.get(name).doubleValue())
              .as("%s of row %d", name, i)
              .isCloseTo(value, within(A_STEP * Math.max(1, Math.abs(value))));
        }
      }
      assertThat(row.keySet()).as("row %d", i).contains("step", "epoch");
    }
  }

  private static void assertSameModel(EngineRunner run, Set<String> trained) throws IOException {
    Path expected = run.phaseFolder("embedded").resolve("model");
    Path model = run.phaseFolder("engine").resolve("model");
    List<TensorInfo> tensors = Checkpoint.open(run.base()).tensors();
    assertThat(Checkpoint.open(model).tensors()).hasSameSizeAs(tensors);
    for (TensorInfo tensor : tensors) {
      String name = tensor.name();
      if (trained.contains(name)) {
        TensorValues.assertClose(TensorValues.of(model, name), TensorValues.of(expected, name));
      } else {
        assertThat(TensorValues.of(model, name).bytes())
            .as(name)
            .isEqualTo(TensorValues.of(run.base(), name).bytes());
      }
    }
  }
}
