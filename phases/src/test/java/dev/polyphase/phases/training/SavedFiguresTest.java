package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of a phase is measured on what it saved: the next one begins with the same. */
class SavedFiguresTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "save_dtype=bfloat16",
        "save_dtype=bfloat16 save_rounding=stochastic",
        "save_dtype=bfloat16 device=[cpu,cpu]",
        "save_dtype=bfloat16 phases.one.optimizer_offload=true",
        "save_dtype=float32",
      })
  void theLastEvaluationIsOfTheSavedWeights(String settings) throws IOException {
    assertNextBeginsAsThisEnded(
        Set.of(UP, DOWN, "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"),
        settings.split(" "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bfloat16", "float32"})
  void adaptersAreMergedForIt(String saveDtype) throws IOException {
    assertNextBeginsAsThisEnded(
        Set.of(UP, DOWN, "lm_head.weight"),
        "save_dtype=" + saveDtype,
        "phases.one.adapter={type: lora, r: 4, alpha: 8}",
        "phases.one.targeting={method: parameters, unfrozen_parameters: [lm_head]}");
  }

  private void assertNextBeginsAsThisEnded(Set<String> trained, String... settings)
      throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, trained).withRows(30, 12, 40, 22, 17, 35);
    RecordingListener first = train(run, "first", settings);
    Path saved = folder.resolve("first/model");
    RecordingListener second =
        train(new SftRun(folder, saved, Set.of(UP)), "second", "save_dtype=base");

    double last = loss(first.rows.get(first.rows.size() - 1));
    assertThat(loss(second.rows.get(0))).isEqualTo(last);
    assertThat(last).isNotEqualTo(loss(first.rows.get(0)));
  }

  /** At a rate whose updates most values lose, their mean moves as that of float32 does. */
  @Test
  void byChanceTheMeanOfSmallUpdatesIsKept() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    SftRun run = new SftRun(folder, base, Set.of(UP)).withRows(30, 12, 40, 22, 17, 35);
    String rate = "phases.one.learning_rate=2e-6";
    train(run, "begin", "save_dtype=bfloat16", "phases.one.learning_rate=1e-12");
    SftRun rounded = new SftRun(folder, folder.resolve("begin/model"), Set.of(UP));
    float[] before = values("begin");

    train(rounded, "exact", "save_dtype=float32", rate);
    PhaseResult nearest = result(rounded, "nearest", "save_dtype=bfloat16", rate);
    PhaseResult byChance =
        result(rounded, "chance", "save_dtype=bfloat16", "save_rounding=stochastic", rate);
    PhaseResult again =
        result(rounded, "again", "save_dtype=bfloat16", "save_rounding=stochastic", rate);

    assertThat(nearest.changedValues()).isLessThan(nearest.movedValues() / 10);
    double exact = alongGradient(before, values("exact"), values("exact"));
    double found = alongGradient(before, values("chance"), values("exact"));
    double lost = alongGradient(before, values("nearest"), values("exact"));
    assertThat(found / exact).isBetween(0.8, 1.2);
    assertThat(lost / exact).isLessThan(0.5);
    assertThat(byChance.changedValues()).isEqualTo(again.changedValues());
    SavedModels.assertSame(folder.resolve("chance/model"), folder.resolve("again/model"));
  }

  /** How far values went in the direction of the exact update. */
  private static double alongGradient(float[] before, float[] after, float[] exact) {
    double product = 0;
    for (int i = 0; i < before.length; i++) {
      product += (after[i] - before[i]) * Math.signum(exact[i] - before[i]);
    }
    return product;
  }

  private float[] values(String result) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(folder.resolve(result).resolve("model"));
    return TensorValues.floats(checkpoint.find(UP).orElseThrow());
  }

  private PhaseResult result(SftRun run, String result, String... settings) throws IOException {
    Files.createDirectories(folder.resolve(result));
    return run.train(result + "/model", new RecordingListener(), settings);
  }

  private RecordingListener train(SftRun run, String result, String... settings)
      throws IOException {
    Files.createDirectories(folder.resolve(result));
    RecordingListener heard = new RecordingListener();
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("phases.one.eval_datasets=[{path: others.jsonl}]");
    run.train(result + "/model", heard, all.toArray(String[]::new));
    return heard;
  }

  private static double loss(MetricsRow row) {
    return row.values().get("eval_loss").doubleValue();
  }
}
