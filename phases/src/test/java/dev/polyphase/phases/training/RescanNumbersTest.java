package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.EMBEDDING;
import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.KEY;
import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a move does to the numbers of a phase, by decisions that are made beforehand. */
class RescanNumbersTest {
  private static final Set<String> FIRST = Set.of(UP, QUERY, HEAD);

  @TempDir Path folder;
  private SixRows model = new SixRows(Path.of(""), Path.of(""));

  @BeforeEach
  void files() {
    model = SixRows.of(folder, Fixture.LLAMA);
  }

  /** What is frozen lies in the base still, masters are not rounded, states are kept. */
  @ParameterizedTest
  @CsvSource({
    "float32, F32, adamw, cpu",
    "bfloat16, BF16, adamw, cpu",
    "bfloat16, BF16, adamw_8bit, '[cpu, cpu]'",
    "float32, BF16, muon, cpu"
  })
  void aDecisionForTheSameTensorsChangesNothing(
      String dtype, ElementType type, String optimizer, String device) throws IOException {
    SftRun run = model.run(type, FIRST);
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.optimizer=" + optimizer,
      "phases.one.lr_scheduler=cosine",
      "phases.one.shuffle=true",
      "phases.one.max_steps=7"
    };
    RecordingListener plain = new RecordingListener();
    RecordingListener moved = new RecordingListener();
    Moves moves = new Moves(List.of(FIRST));

    PhaseResult without = run.train("plain", plain, settings);
    PhaseResult with = run.train("moved", moved, moves.every(2), settings);

    assertThat(moves.steps).containsExactly(2L, 4L, 6L);
    assertThat(moved.figures()).isEqualTo(plain.figures());
    SavedModels.assertSame(folder.resolve("moved"), folder.resolve("plain"));
    assertThat(with.trainedValues()).isEqualTo(without.trainedValues());
    assertThat(with.trainedTensors()).isEqualTo(without.trainedTensors()).isEqualTo(3);
    assertThat(with.changedValues()).isEqualTo(without.changedValues());
  }

  /**
   * Moves among tensors that have none in common are as many phases, each from what the one before
   * it saved.
   */
  @ParameterizedTest
  @CsvSource({
    "float32, F32, base, cpu",
    "bfloat16, BF16, base, cpu",
    "bfloat16, BF16, float32, cpu",
    "bfloat16, F32, base, '[cpu, cpu]'"
  })
  void phasesOneAfterTheOtherAreTheSame(String dtype, ElementType type, String saved, String device)
      throws IOException {
    List<Set<String>> sets = List.of(Set.of(UP, HEAD), Set.of(DOWN, QUERY), Set.of(UP, EMBEDDING));
    SftRun run = model.run(type, sets.get(0));
    String[] settings = {
      "dtype=" + dtype, "save_dtype=" + saved, "device=" + device, "phases.one.max_steps=6"
    };
    RecordingListener heard = new RecordingListener();
    PhaseResult moved = run.train("moved", heard, new Moves(sets.subList(1, 3)).every(2), settings);

    settings[3] = "phases.one.max_steps=2";
    new PhasesInTurn(model.base(), sets, model.inThree())
        .assertSame(folder.resolve("moved"), heard, settings);
    assertThat(moved.trainedTensors()).isEqualTo(5);
    assertThat(moved.trainedValues())
        .isEqualTo(2 * 160 * 64 + 64 * 64 + 2 * 272 * 64)
        .isEqualTo(moved.savedValues());
    assertThat(moved.changedValues()).isEqualTo(changed(model.base(), folder.resolve("moved")));
  }

  /** Experts that leave rest, and experts of the same tensor that enter leave them alone. */
  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, model.layers.%d.mlp.experts.%d.up_proj.weight, float32, F32",
    "qwen3-moe, model.layers.%d.mlp.experts.%d.up_proj.weight, bfloat16, BF16",
    "gpt-oss, model.layers.%d.mlp.experts.down_proj[%d], float32, F32",
    "gpt-oss, model.layers.%d.mlp.experts.down_proj_bias[%d], float32, F32",
    "gpt-oss, model.layers.%d.mlp.experts.gate_up_proj[%d], bfloat16, BF16"
  })
  void phasesOnExpertsOneAfterTheOtherAreTheSame(
      String family, String expert, String dtype, ElementType type) throws IOException {
    SixRows ofExperts = SixRows.of(folder, FamilyModel.of(family));
    List<Set<String>> sets =
        List.of(
            Set.of(expert.formatted(2, 0), expert.formatted(3, 1)),
            Set.of(expert.formatted(2, 2), expert.formatted(2, 3)),
            Set.of(expert.formatted(2, 0), expert.formatted(0, 2)));
    SftRun run = ofExperts.run(type, sets.get(0));
    String[] settings = {"dtype=" + dtype, "phases.one.max_steps=6"};
    RecordingListener heard = new RecordingListener();
    PhaseResult moved = run.train("moved", heard, new Moves(sets.subList(1, 3)).every(2), settings);

    settings[1] = "phases.one.max_steps=2";
    new PhasesInTurn(ofExperts.base(), sets, ofExperts.inThree())
        .assertSame(folder.resolve("moved"), heard, settings);
    assertThat(moved.trainedTensors()).isEqualTo(5);
    assertThat(moved.changedValues()).isEqualTo(changed(ofExperts.base(), folder.resolve("moved")));
  }

  /** Of two sets that overlap, by hand. */
  @Test
  void whatStaysGoesOnWhatEntersBegins() throws IOException {
    Set<String> then = Set.of(UP, DOWN, HEAD);
    SftRun run = model.run(ElementType.F32, FIRST);
    run.train(
        "moved",
        new RecordingListener(),
        new Moves(List.of(then)).every(3),
        "phases.one.max_steps=6",
        "phases.one.max_grad_norm=0");

    model
        .byHand()
        .assertClose(folder.resolve("moved"), List.of(FIRST, FIRST, FIRST, then, then, then));
    // What left has been still since, to the bit.
    run.train(
        "shorter", new RecordingListener(), "phases.one.max_steps=3", "phases.one.max_grad_norm=0");
    assertThat(SavedModels.values(folder.resolve("moved"), QUERY))
        .isEqualTo(SavedModels.values(folder.resolve("shorter"), QUERY));
  }

  /** What leaves, stays and enters where the model computes with copies of its masters. */
  @ParameterizedTest
  @CsvSource({"float32, F32, cpu", "bfloat16, BF16, cpu", "bfloat16, F32, '[cpu, cpu]'"})
  void mastersOnTheCpuMoveToo(String dtype, ElementType type, String device) throws IOException {
    SftRun run = model.run(type, FIRST);
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN, HEAD), Set.of(KEY, DOWN), Set.of(UP, EMBEDDING, DOWN));
    String[] settings = {
      "dtype=" + dtype,
      "device=" + device,
      "phases.one.max_steps=6",
      "phases.one.val_set_size=2",
      "phases.one.eval_steps=1",
      "phases.one.optimizer_offload=false"
    };
    RecordingListener there = new RecordingListener();
    RecordingListener here = new RecordingListener();
    run.train("there", there, new Moves(sets).every(1), settings);
    settings[5] = "phases.one.optimizer_offload=true";
    run.train("here", here, new Moves(sets).every(1), settings);

    assertThat(here.figures()).isEqualTo(there.figures()).hasSize(13);
    SavedModels.assertSame(folder.resolve("here"), folder.resolve("there"));
  }

  /** Rates follow the newest decision: AdamW's first step moves a weight by its rate. */
  @Test
  void ratesFollowTheDecision() throws IOException {
    SftRun run = model.run(ElementType.F32, Set.of(UP));
    String down = DOWN.replace(".weight", "");
    Retargeting retargeting =
        new Retargeting(
            new RescanEvery.Steps(1),
            Set.of(DOWN),
            (weights, step) -> new Retargeting.Target(Set.of(DOWN), Map.of(down, 3.0)));
    run.train("moved", new RecordingListener(), retargeting);

    float[] before = SavedModels.values(model.base(), DOWN);
    float[] after = SavedModels.values(folder.resolve("moved"), DOWN);
    assertThat(TensorValues.largestDifference(before, after)).isCloseTo(3e-3, within(1e-6));
  }

  private static long changed(Path before, Path after) throws IOException {
    long changed = 0;
    Checkpoint left = Checkpoint.open(before);
    for (TensorInfo tensor : Checkpoint.open(after).tensors()) {
      float[] was = TensorValues.floats(left.find(tensor.name()).orElseThrow());
      float[] is = TensorValues.floats(tensor);
      for (int i = 0; i < is.length; i++) {
        changed += is[i] == was[i] ? 0 : 1;
      }
    }
    return changed;
  }
}
