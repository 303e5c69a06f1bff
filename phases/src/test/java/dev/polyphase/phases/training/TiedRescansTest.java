package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.EMBEDDING;
import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Moves of a model whose head is its embedding: both ends enter, stay and leave together. */
class TiedRescansTest {
  private static final String BIAS = "model.layers.3.self_attn.q_proj.bias";

  @TempDir Path folder;
  private SixRows model = new SixRows(Path.of(""), Path.of(""));

  @BeforeEach
  void files() {
    model = SixRows.of(folder, Fixture.QWEN2);
  }

  @ParameterizedTest
  @CsvSource({
    "float32, F32, cpu, false",
    "bfloat16, BF16, cpu, false",
    "bfloat16, F32, '[cpu, cpu]', false",
    "float32, F32, '[cpu, cpu]', true"
  })
  void phasesOneAfterTheOtherAreTheSame(
      String dtype, ElementType type, String device, boolean offload) throws IOException {
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN), Set.of(EMBEDDING, QUERY, BIAS), Set.of(UP, DOWN));
    SftRun run = model.run(type, sets.get(0));
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.optimizer_offload=" + offload,
      "phases.one.max_steps=6"
    };
    RecordingListener heard = new RecordingListener();
    run.train("moved", heard, new Moves(sets.subList(1, 3)).every(2), settings);

    settings[3] = "phases.one.max_steps=2";
    Path moved = folder.resolve("moved");
    new PhasesInTurn(model.base(), sets, model.inThree()).assertSame(moved, heard, settings);
    assertThat(Checkpoint.open(moved).find(HEAD)).isEmpty();
    assertThat(SavedModels.values(moved, EMBEDDING))
        .isNotEqualTo(SavedModels.values(model.base(), EMBEDDING));
  }

  @Test
  void bothEndsGoOnWhereTheyStay() throws IOException {
    Set<String> first = Set.of(EMBEDDING, UP);
    Set<String> then = Set.of(EMBEDDING, DOWN);
    model
        .run(ElementType.F32, first)
        .train(
            "moved",
            new RecordingListener(),
            new Moves(List.of(then)).every(3),
            "phases.one.max_steps=6",
            "phases.one.max_grad_norm=0");

    model
        .byHand()
        .assertClose(folder.resolve("moved"), List.of(first, first, first, then, then, then));
  }

  /** A checkpoint may store a tied head a second time: a decision may then name either. */
  @Test
  void bothCopiesOfAStoredHeadFollow() throws IOException {
    Path base = model.base();
    TensorInfo embedding = Checkpoint.open(base).find(EMBEDDING).orElseThrow();
    HandMadeTensors.ofFloats(Checkpoint.open(base), (name, values) -> {})
        .float32(HEAD, embedding.shape(), TensorValues.floats(embedding))
        .writeTo(base);
    SftRun run = model.run(ElementType.F32, Set.of(UP));
    Moves byHead = new Moves(List.of(Set.of(HEAD, UP), Set.of(DOWN)));
    Moves byEmbedding = new Moves(List.of(Set.of(EMBEDDING, UP), Set.of(DOWN)));
    List<Boolean> same = new ArrayList<>();
    Retargeting looking =
        new Retargeting(
            new RescanEvery.Steps(2),
            Set.of(HEAD, UP, DOWN),
            (weights, step) -> {
              byte[] ofHead = TensorValues.bytes(weights.find(HEAD).orElseThrow());
              byte[] ofEmbedding = TensorValues.bytes(weights.find(EMBEDDING).orElseThrow());
              same.add(Arrays.equals(ofHead, ofEmbedding));
              return byHead.of(weights, step);
            });

    run.train("by-head", new RecordingListener(), looking, "phases.one.max_steps=6");
    run.train(
        "by-embedding", new RecordingListener(), byEmbedding.every(2), "phases.one.max_steps=6");

    assertThat(same).containsExactly(true, true);
    Path found = folder.resolve("by-head");
    assertThat(SavedModels.values(found, HEAD))
        .isEqualTo(SavedModels.values(found, EMBEDDING))
        .isNotEqualTo(TensorValues.floats(embedding));
    SavedModels.assertSame(found, folder.resolve("by-embedding"));
  }
}
