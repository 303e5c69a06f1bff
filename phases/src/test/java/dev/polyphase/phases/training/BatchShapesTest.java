package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.model.ParameterNames;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A step of eight rows is the same however they are cut into forward passes. */
class BatchShapesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "MISTRAL_WINDOW", "QWEN2"})
  void eightRowsAtOnceByFourByOneAndPacked(Fixture fixture) throws IOException {
    Set<String> trained =
        Set.of(
            "model.embed_tokens.weight",
            "model.layers.0.self_attn.q_proj.weight",
            "model.layers.1.mlp.down_proj.weight",
            "model.layers.2.input_layernorm.weight",
            "model.norm.weight");
    assertSame(fixture.copyTo(folder), trained);
  }

  /**
   * Of all that a lower and an upper block and the ends have. The rows are longer and shorter than
   * the windows, and than the lengths that rotary frequencies change at.
   */
  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.FamilyModel#all")
  void eightRowsOfEveryFamily(FamilyModel model) throws IOException {
    Path base = model.copyTo(folder);
    Set<String> trained =
        ParameterNames.of(base).stream()
            .filter(name -> !name.matches(".*\\.layers\\.[13]\\..*"))
            .collect(Collectors.toSet());
    assertSame(base, trained);
  }

  private void assertSame(Path model, Set<String> trained) throws IOException {
    SftRun run = new SftRun(folder, model, trained).withRows(40, 2, 17, 3, 28, 9, 5, 33);

    RecordingListener atOnce = train(run, "at-once", 8, 1);
    RecordingListener byFour = train(run, "by-four", 4, 2);
    RecordingListener byOne = train(run, "by-one", 1, 8);
    // Of sequences of 64 tokens they fill three: 40, 17, 5, 2; 33, 28, 3; 9.
    RecordingListener packed = train(run, "packed", 3, 1, "phases.one.sample_packing=true");
    RecordingListener packedByOne =
        train(run, "packed-by-one", 1, 3, "phases.one.sample_packing=true");

    assertSeries("loss", atOnce, byFour, byOne, packed, packedByOne);
    assertSeries("grad_norm", atOnce, byFour, byOne, packed, packedByOne);
    assertThat(atOnce.series("num_tokens")).containsExactly(137, 274, 411);
    assertThat(byOne.series("num_tokens")).containsExactly(137, 274, 411);
    assertThat(packed.series("num_tokens")).containsExactly(137, 274, 411);
    assertSameWeights("at-once", "by-four", trained);
    assertSameWeights("at-once", "by-one", trained);
    assertSameWeights("at-once", "packed", trained);
    assertSameWeights("at-once", "packed-by-one", trained);
  }

  private static RecordingListener train(
      SftRun run, String result, int microBatchSize, int accumulation, String... further)
      throws IOException {
    List<String> settings = new ArrayList<>(List.of(further));
    settings.add("phases.one.max_steps=3");
    settings.add("phases.one.weight_decay=0.1");
    // Where a gradient is nothing but rounding, this keeps its sign from moving the weight.
    settings.add("phases.one.adam_epsilon=1e-4");
    settings.add("phases.one.micro_batch_size=" + microBatchSize);
    settings.add("phases.one.gradient_accumulation_steps=" + accumulation);
    RecordingListener heard = new RecordingListener();
    run.train(result, heard, settings.toArray(String[]::new));
    return heard;
  }

  private static void assertSeries(String figure, RecordingListener... runs) {
    double[] first = runs[0].series(figure);
    assertThat(first).hasSize(3);
    for (RecordingListener run : runs) {
      double[] found = run.series(figure);
      for (int step = 0; step < 3; step++) {
        assertThat(found[step])
            .as("%s of step %d", figure, step + 1)
            .isCloseTo(first[step], within(1e-5 * first[step]));
      }
    }
  }

  private void assertSameWeights(String one, String other, Set<String> trained) throws IOException {
    Checkpoint base = Checkpoint.open(folder.resolve(one));
    Checkpoint against = Checkpoint.open(folder.resolve(other));
    Set<String> changed = trained.stream().map(TensorNames::stored).collect(Collectors.toSet());
    for (TensorInfo tensor : base.tensors()) {
      TensorInfo match = against.find(tensor.name()).orElseThrow();
      if (changed.contains(tensor.name())) {
        float[] values = TensorValues.floats(tensor);
        assertThat(TensorValues.largestDifference(values, TensorValues.floats(match)))
            .as(tensor.name())
            .isLessThan(1e-5 * TensorValues.largest(values));
      } else {
        assertThat(TensorValues.bytes(match)).isEqualTo(TensorValues.bytes(tensor));
      }
    }
  }
}
