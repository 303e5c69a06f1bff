package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.EMBEDDING;
import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A model whose configuration calls its head tied although it is another than the embedding. The
 * same weights under a configuration that says what is so are the measure: each phase must leave
 * the same files, to the last bit.
 */
class ContradictedHeadTest {
  private static final String TARGETING =
      "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "device=cpu",
        "device=[cpu, cpu]",
        "save_dtype=bfloat16",
        "phases.one.optimizer_offload=true",
        "phases.one.gradient_checkpointing=true",
      })
  void headAndEmbeddingAreTrainedApart(String setting) throws IOException {
    Set<String> trained = Set.of(EMBEDDING, HEAD, UP);
    SftRun untied = run("untied", trained);
    SftRun contradicted = run("contradicted", trained);
    ContradictedHead.put(contradicted.base());

    // The word true is shorter than false, which the folder's bytes count.
    assertThat(contradicted.check(setting))
        .usingRecursiveComparison()
        .ignoringFields("resultBytes")
        .isEqualTo(untied.check(setting));
    PhaseResult expected = untied.train("expected", new RecordingListener(), setting);
    PhaseResult found = contradicted.train("found", new RecordingListener(), setting);

    assertThat(found.trainedValues())
        .isEqualTo(expected.trainedValues())
        .isEqualTo(2 * 272 * 64 + 160 * 64);
    assertThat(found.changedValues()).isEqualTo(expected.changedValues());
    SavedModels.assertSame(folder.resolve("found"), folder.resolve("expected"));
  }

  @Test
  void aHeadThatIsNotTrainedKeepsItsBytes() throws IOException {
    SftRun run = run("contradicted", Set.of(EMBEDDING));
    ContradictedHead.put(run.base());

    run.train("found", new RecordingListener());

    assertThat(bytes(folder.resolve("found"), HEAD)).isEqualTo(bytes(run.base(), HEAD));
    assertThat(bytes(folder.resolve("found"), EMBEDDING))
        .isNotEqualTo(bytes(run.base(), EMBEDDING));
    assertThat(HeadTie.of(Checkpoint.open(folder.resolve("found")))).isEqualTo(HeadTie.UNTIED);
    assertThat(Files.readString(folder.resolve("found/config.json")))
        .isEqualTo(
            Files.readString(run.base().resolve("config.json"))
                .replace(ContradictedHead.TIED, ContradictedHead.UNTIED));
  }

  @Test
  void anAdapterOfTheHeadLeavesTheEmbedding() throws IOException {
    Set<String> trained = Set.of(HEAD, UP);
    String adapter = "phases.one.adapter={type: lora, r: 4, save: peft}";
    SftRun untied = run("untied", trained);
    SftRun contradicted = run("contradicted", trained);
    ContradictedHead.put(contradicted.base());

    untied.train("expected", new RecordingListener(), TARGETING, adapter);
    byte[] expected = Files.readAllBytes(folder.resolve("adapter/adapter_model.safetensors"));
    contradicted.train("found", new RecordingListener(), TARGETING, adapter);

    SavedModels.assertSame(folder.resolve("found"), folder.resolve("expected"));
    assertThat(folder.resolve("adapter/adapter_model.safetensors")).hasBinaryContent(expected);
  }

  @Test
  void headAndEmbeddingEnterAndLeaveByThemselves() throws IOException {
    List<Set<String>> moves = List.of(Set.of(EMBEDDING, DOWN), Set.of(HEAD));
    SftRun untied = run("untied", Set.of(UP, HEAD));
    SftRun contradicted = run("contradicted", Set.of(UP, HEAD));
    ContradictedHead.put(contradicted.base());
    String steps = "phases.one.max_steps=6";

    untied.train("expected", new RecordingListener(), new Moves(moves).every(2), steps);
    contradicted.train("found", new RecordingListener(), new Moves(moves).every(2), steps);

    SavedModels.assertSame(folder.resolve("found"), folder.resolve("expected"));
  }

  /** Saved in its own type the copy would be rounded, and the next phase see another head. */
  @Test
  void aTiedHeadThatIsStoredAgainInAnotherTypeStaysTied() throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    Checkpoint single = Checkpoint.open(base);
    float[] embedding = TensorValues.floats(single.find(EMBEDDING).orElseThrow());
    short[] head = new short[embedding.length];
    for (int i = 0; i < head.length; i++) {
      head[i] = HandMadeTensors.bfloat16(embedding[i]);
    }
    HandMadeTensors.ofFloats(
            single,
            (name, values) -> {
              for (int i = 0; i < values.length && name.equals(EMBEDDING); i++) {
                values[i] = Float.intBitsToFloat(head[i] << 16);
              }
            })
        .halves(HEAD, "BF16", List.of(272L, 96L), head)
        .writeTo(base);
    assertThat(HeadTie.of(Checkpoint.open(base))).isEqualTo(HeadTie.TIED);

    new SftRun(folder, base, Set.of(EMBEDDING))
        .withRows(12)
        .train("result", new RecordingListener());

    Checkpoint result = Checkpoint.open(folder.resolve("result"));
    assertThat(HeadTie.of(result)).isEqualTo(HeadTie.TIED);
    TensorInfo trained = result.find(EMBEDDING).orElseThrow();
    assertThat(TensorValues.floats(trained))
        .isNotEqualTo(TensorValues.floats(Checkpoint.open(base).find(EMBEDDING).orElseThrow()));
  }

  private SftRun run(String name, Set<String> trained) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder.resolve(name));
    return new SftRun(folder, base, trained).withRows(30, 12, 20);
  }

  private static byte[] bytes(Path model, String tensor) throws IOException {
    return TensorValues.bytes(Checkpoint.open(model).find(tensor).orElseThrow());
  }
}
