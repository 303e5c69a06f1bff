package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Moves of a model whose head is its embedding: both ends enter, stay and leave together. */
class TiedRescansTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";
  private static final String QUERY = "model.layers.3.self_attn.q_proj.weight";
  private static final String BIAS = "model.layers.3.self_attn.q_proj.bias";
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  private static final int[] LENGTHS = {30, 17, 24, 40, 21, 33};

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void model() {
    base = Fixture.QWEN2.copyTo(folder);
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
    if (type == ElementType.BF16) {
      HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(base);
    }
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN), Set.of(EMBEDDING, QUERY, BIAS), Set.of(UP, DOWN));
    SftRun run = new SftRun(folder, base, sets.get(0)).withRows(LENGTHS);
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.optimizer_offload=" + offload,
      "phases.one.max_steps=6"
    };
    RecordingListener heard = new RecordingListener();
    run.train("moved", heard, new Moves(sets.subList(1, 3)).every(2), settings);

    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    List<Double> losses = new ArrayList<>();
    Path from = base;
    settings[3] = "phases.one.max_steps=2";
    for (int phase = 0; phase < 3; phase++) {
      Files.write(folder.resolve("rows.jsonl"), rows.subList(2 * phase, 2 * phase + 2));
      RecordingListener own = new RecordingListener();
      new SftRun(folder, from, sets.get(phase)).train("phase-" + phase, own, settings);
      Arrays.stream(own.series("loss")).forEach(losses::add);
      from = folder.resolve("phase-" + phase);
    }

    SavedModels.assertSame(folder.resolve("moved"), from);
    assertThat(heard.series("loss")).containsExactly(losses.toArray(Double[]::new));
    assertThat(Checkpoint.open(from).find(HEAD)).isEmpty();
    assertThat(values("moved", EMBEDDING)).isNotEqualTo(values(base.toString(), EMBEDDING));
  }

  @Test
  void bothEndsGoOnWhereTheyStay() throws IOException {
    Set<String> first = Set.of(EMBEDDING, UP);
    Set<String> then = Set.of(EMBEDDING, DOWN);
    new SftRun(folder, base, first)
        .withRows(LENGTHS)
        .train(
            "moved",
            new RecordingListener(),
            new Moves(List.of(then)).every(3),
            "phases.one.max_steps=6",
            "phases.one.max_grad_norm=0");

    Map<String, double[]> expected =
        new MovesByHand(base, folder.resolve("by-hand"), Arrays.stream(LENGTHS).boxed().toList())
            .train(List.of(first, first, first, then, then, then), 1e-3);

    assertThat(expected).containsOnlyKeys(EMBEDDING, UP, DOWN);
    for (String name : expected.keySet()) {
      float[] found = values("moved", name);
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i])
            .as("%s[%d]", name, i)
            .isCloseTo(expected.get(name)[i], within(1e-5));
      }
    }
  }

  /** A checkpoint may store a tied head a second time: a decision may then name either. */
  @Test
  void bothCopiesOfAStoredHeadFollow() throws IOException {
    TensorInfo embedding = Checkpoint.open(base).find(EMBEDDING).orElseThrow();
    HandMadeTensors.ofFloats(Checkpoint.open(base), (name, values) -> {})
        .float32(HEAD, embedding.shape(), TensorValues.floats(embedding))
        .writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of(UP)).withRows(LENGTHS);
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
    assertThat(values("by-head", HEAD))
        .isEqualTo(values("by-head", EMBEDDING))
        .isNotEqualTo(TensorValues.floats(embedding));
    SavedModels.assertSame(folder.resolve("by-head"), folder.resolve("by-embedding"));
  }

  private float[] values(String model, String tensor) throws IOException {
    return TensorValues.floats(Checkpoint.open(folder.resolve(model)).find(tensor).orElseThrow());
  }
}
