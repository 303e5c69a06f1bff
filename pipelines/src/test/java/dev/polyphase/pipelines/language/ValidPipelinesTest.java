package dev.polyphase.pipelines.language;

import static dev.polyphase.pipelines.language.RestatedDefaults.ADAMW;
import static dev.polyphase.pipelines.language.RestatedDefaults.AT_THE_ENDS;
import static dev.polyphase.pipelines.language.RestatedDefaults.CPO;
import static dev.polyphase.pipelines.language.RestatedDefaults.EVERY_HALF_HOUR;
import static dev.polyphase.pipelines.language.RestatedDefaults.HEAD_AND_EMBEDDINGS;
import static dev.polyphase.pipelines.language.RestatedDefaults.KTO;
import static dev.polyphase.pipelines.language.RestatedDefaults.MODEL_PROJECTIONS;
import static dev.polyphase.pipelines.language.RestatedDefaults.ORPO;
import static dev.polyphase.pipelines.language.RestatedDefaults.ROWS;
import static dev.polyphase.pipelines.language.RestatedDefaults.ROWS_AS_THEY_ARE;
import static dev.polyphase.pipelines.language.RestatedDefaults.SIGMOID;
import static dev.polyphase.pipelines.language.RestatedDefaults.SIMPO;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Batch;
import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.Fields;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.Kto;
import dev.polyphase.pipelines.LearningRates;
import dev.polyphase.pipelines.Length;
import dev.polyphase.pipelines.LossOn;
import dev.polyphase.pipelines.LossWatchdog;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Monitoring;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.ParameterMatch;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.Roles;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.SaveRounding;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Simpo;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.TrainedWeights;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.Warmup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The files in {@code valid}, every resolved value restated. */
class ValidPipelinesTest {
  @Test
  void fillsInEveryDefault() throws IOException {
    assertThat(read("minimal"))
        .isEqualTo(
            new Pipeline(
                "minimal",
                new BaseModel.Existing("model"),
                Vocabulary.AS_IT_WAS,
                "runs",
                42,
                List.of("auto"),
                Dtype.AUTO,
                SaveDtype.BASE,
                SaveRounding.NEAREST,
                List.of("none"),
                List.of(
                    new Phase(
                        "only",
                        PhaseType.DPO,
                        new TrainedWeights(
                            new Targeting.Snr(50, MODEL_PROJECTIONS, HEAD_AND_EMBEDDINGS),
                            Optional.empty(),
                            Optional.empty()),
                        List.of(ROWS_AS_THEY_ARE),
                        ROWS,
                        AT_THE_ENDS,
                        new Length(
                            OptionalDouble.of(1), OptionalLong.empty(), OptionalLong.empty()),
                        new Batch(2048, 1, 1, false, true, GradientCheckpointing.AUTO, 0),
                        new LearningRates(
                            1e-5,
                            new LrScheduler.Cosine(0.5),
                            new Warmup.Steps(0),
                            Optional.empty()),
                        ADAMW,
                        new Monitoring(1, Optional.empty()),
                        EVERY_HALF_HOUR,
                        Optional.empty(),
                        SIGMOID,
                        KTO,
                        CPO,
                        ORPO,
                        SIMPO))));
  }

  @Test
  void readsEveryKey() throws IOException {
    assertThat(read("everything"))
        .isEqualTo(
            new Pipeline(
                "Every.thing_1-2",
                new BaseModel.Random("config.json", "tokenizer"),
                new Vocabulary(
                    new Vocabulary.Special(
                        Optional.of("<s>"),
                        Optional.of("</s>"),
                        Optional.of("<pad>"),
                        Optional.of("<unk>"),
                        Optional.of("<sep>"),
                        Optional.of("<cls>"),
                        Optional.of("<mask>"),
                        List.of("<|a|>", "<|b|>")),
                    List.of("<tool>"),
                    64),
                "out",
                7,
                List.of("cuda:0", "cuda:1"),
                Dtype.FLOAT32,
                SaveDtype.BFLOAT16,
                SaveRounding.STOCHASTIC,
                List.of("tensorboard", "mlflow"),
                List.of(
                    new Phase(
                        "first",
                        PhaseType.DPO,
                        new TrainedWeights(
                            new Targeting.Snr(
                                new SelectionRule(
                                    SelectionRule.Profile.ROBUST,
                                    SelectionRule.Metric.STABLE_RANK,
                                    SelectionRule.Mode.BOTTOM,
                                    SelectionRule.Ranking.GLOBAL,
                                    new SelectionRule.Budget.Percent(
                                        12.5, SelectionRule.Budget.Of.PARAMETERS)),
                                List.of("self_attn.q_proj", "re:mlp\\.(up|down)_proj"),
                                List.of()),
                            Optional.empty(),
                            Optional.of(
                                new Adapter(Adapter.Type.LORA, 8, 12.5, 0.05, Adapter.Save.PEFT))),
                        List.of(everyKeyOfADataset()),
                        new Rows(
                            Optional.of("chatml"),
                            Rows.MixBy.TOKENS,
                            true,
                            Optional.of(Rows.ExcessLength.DROP),
                            0.25,
                            true),
                        new Evaluation(
                            List.of(new Dataset("b.jsonl", RowType.TOKENS, 0.5)),
                            Optional.empty(),
                            Optional.of(new Amount.Share(0.25)),
                            Optional.of(new Evaluation.EarlyStopping(3, 0.01)),
                            true),
                        new Length(
                            OptionalDouble.of(0.5), OptionalLong.of(100), OptionalLong.of(1000)),
                        new Batch(16, 2, 3, true, false, GradientCheckpointing.ON, 7.5),
                        new LearningRates(
                            2e-5,
                            new LrScheduler.WarmupStableDecay(
                                20,
                                OptionalLong.of(70),
                                LrScheduler.Curve.COSINE,
                                LrScheduler.Curve.ONE_MINUS_SQRT,
                                0.1,
                                1.5),
                            new Warmup.Ratio(0.1),
                            Optional.of(new LrBySnr(LrBySnr.Scale.RANK, 0.25, 3))),
                        new Optimizer(Optimizer.Name.ADAMW_8BIT, 0.8, 0.95, 1e-6, 0.01, true, 0),
                        new Monitoring(5, Optional.of(new LossWatchdog(4.5, 2))),
                        new Saving(Optional.of(new Amount.Share(0.1)), 7.5, 0),
                        Optional.of(
                            new TrainingEngine(
                                TrainingEngine.Type.TRL,
                                Optional.of("/venv/bin/python"),
                                2,
                                8,
                                new TrainingEngine.Launch.Command(
                                    "start --on={nodes}x{per_node} {python} {driver} {job}"),
                                Optional.of("end {job}"),
                                50,
                                90.5,
                                0)),
                        new Dpo(
                            0.2,
                            List.of(Dpo.LossType.ROBUST, Dpo.LossType.SFT),
                            List.of(0.5, 2.0),
                            0.1,
                            0.1,
                            Dpo.FDivergence.ALPHA_DIVERGENCE,
                            -0.5,
                            OptionalDouble.of(0.25),
                            true,
                            new Reference.Checkpoint("models/reference"),
                            Dpo.PrefixSharing.OFF),
                        KTO,
                        CPO,
                        ORPO,
                        SIMPO))));
  }

  private static Dataset everyKeyOfADataset() {
    return new Dataset(
        "a.jsonl",
        RowType.PREFERENCE,
        Optional.of("default"),
        Optional.of("train"),
        Optional.of("main"),
        Optional.of("score > 3"),
        Optional.of("first"),
        2.5,
        List.of("topic", "genre"),
        Map.of("enable_thinking", false, "builtin_tools", List.of("brave", 2L, 0.5)),
        new Fields(
            Optional.of("turns"),
            Optional.of("speaker"),
            Optional.of("said"),
            Optional.of("scene"),
            Optional.of("functions"),
            Optional.of("question"),
            Optional.of("answer"),
            Optional.of("task"),
            Optional.of("about"),
            Optional.of("solution"),
            Optional.of("earlier"),
            Optional.of("body"),
            Optional.of("good"),
            Optional.of("bad"),
            Optional.of("wanted")),
        new Roles(
            List.of("narrator"), List.of("visitor", "guest"), List.of("bot"), List.of("oracle")),
        new LossOn(true, List.of("assistant", "tool"), LossOn.Ends.LAST, true));
  }

  @Test
  void readsTheExampleOfTheDesign() throws IOException {
    assertThat(read("design-example"))
        .isEqualTo(
            new Pipeline(
                "sauerkraut-v2",
                new BaseModel.Existing("Qwen/Qwen2.5-14B"),
                Vocabulary.AS_IT_WAS,
                "runs",
                42,
                List.of("auto"),
                Dtype.BFLOAT16,
                SaveDtype.BASE,
                SaveRounding.NEAREST,
                List.of("none"),
                List.of(
                    examplePhase(
                        "foundation",
                        PhaseType.SFT,
                        25,
                        OptionalDouble.empty(),
                        OptionalLong.of(600_000_000),
                        1e-5,
                        new Dataset("data/math.jsonl", RowType.AUTO, 1),
                        new Dataset("data/german/*.parquet", RowType.MESSAGES, 1)),
                    examplePhase(
                        "refinement",
                        PhaseType.SFT,
                        20,
                        OptionalDouble.of(1),
                        OptionalLong.empty(),
                        1e-5,
                        new Dataset("data/math-v2.jsonl", RowType.AUTO, 1)),
                    examplePhase(
                        "alignment",
                        PhaseType.DPO,
                        15,
                        OptionalDouble.of(1),
                        OptionalLong.empty(),
                        5e-7,
                        new Dataset("data/preferences.jsonl", RowType.AUTO, 1)))));
  }

  private static Phase examplePhase(
      String name,
      PhaseType type,
      double topPercent,
      OptionalDouble numEpochs,
      OptionalLong maxTokens,
      double learningRate,
      Dataset... datasets) {
    return new Phase(
        name,
        type,
        new TrainedWeights(
            new Targeting.Snr(topPercent, MODEL_PROJECTIONS, HEAD_AND_EMBEDDINGS),
            Optional.empty(),
            Optional.empty()),
        List.of(datasets),
        ROWS,
        AT_THE_ENDS,
        new Length(numEpochs, OptionalLong.empty(), maxTokens),
        new Batch(4096, 1, 8, true, true, GradientCheckpointing.AUTO, 0),
        new LearningRates(
            learningRate, new LrScheduler.Cosine(0.5), new Warmup.Ratio(0.03), Optional.empty()),
        ADAMW,
        new Monitoring(1, Optional.empty()),
        EVERY_HALF_HOUR,
        Optional.empty(),
        SIGMOID,
        KTO,
        CPO,
        ORPO,
        SIMPO);
  }

  @Test
  void acceptsTheSpellingsOfOtherTrainers() throws IOException {
    Pipeline pipeline = read("other-spellings");
    Phase phase = pipeline.phases().get(0);
    assertThat(pipeline.baseModel()).isEqualTo(new BaseModel.Existing("model"));
    assertThat(phase.trained().targeting())
        .isEqualTo(new Targeting.Parameters(List.of("^lm_head.weight$", "model.layers.1")));
    assertThat(phase.length().numEpochs()).hasValue(2);
    assertThat(phase.batch().microBatchSize()).isEqualTo(4);
    assertThat(phase.batch().sequenceLen()).isEqualTo(128);
    assertThat(phase.learningRates().scheduler()).isEqualTo(new LrScheduler.Constant());
    assertThat(phase.optimizer()).isEqualTo(ADAMW);
    assertThat(phase.batch().samplePacking()).isTrue();
    assertThat(phase.trained().adapter())
        .contains(new Adapter(Adapter.Type.LORA, 8, 24, 0.1, Adapter.Save.MERGED));
    Dataset first = phase.datasets().get(0);
    assertThat(first.fields().role()).contains("from");
    assertThat(first.fields().content()).contains("value");
    assertThat(first.loss())
        .isEqualTo(new LossOn(false, List.of("assistant"), LossOn.Ends.TURN, true));
    assertThat(phase.datasets())
        .extracting(Dataset::type)
        .containsExactly(RowType.MESSAGES, RowType.MESSAGES, RowType.SEGMENTS);
    assertThat(phase.datasets().get(1).ignoreColumns()).containsExactly("topic");
    assertThat(phase.evaluation().evalDatasets())
        .extracting(Dataset::type)
        .containsExactly(RowType.PREFERENCE);
  }

  @Test
  void readsEverySchedulerAndOptimizer() throws IOException {
    List<Phase> phases = read("schedulers").phases();
    assertThat(phases)
        .extracting(phase -> phase.learningRates().scheduler())
        .containsExactly(
            new LrScheduler.Linear(),
            new LrScheduler.ConstantWithWarmup(),
            new LrScheduler.CosineWithMinLr(1, 1e-6 / 1e-5),
            new LrScheduler.CosineWithMinLr(1, 0.5),
            new LrScheduler.CosineWithMinLr(0.5, 0.25),
            new LrScheduler.WarmupStableDecay(
                100,
                OptionalLong.empty(),
                LrScheduler.Curve.LINEAR,
                LrScheduler.Curve.COSINE,
                0,
                1),
            new LrScheduler.InverseSqrt(OptionalLong.empty()),
            new LrScheduler.InverseSqrt(OptionalLong.of(50)),
            new LrScheduler.Polynomial(1e-7, 1),
            new LrScheduler.Polynomial(0, 2));
    assertThat(phases)
        .extracting(phase -> phase.optimizer().name())
        .containsExactly(
            Optimizer.Name.ADAMW,
            Optimizer.Name.ADAMW,
            Optimizer.Name.ADAMW_BF16,
            Optimizer.Name.ADAMW_8BIT,
            Optimizer.Name.ADAMW_8BIT,
            Optimizer.Name.ADAFACTOR,
            Optimizer.Name.LION,
            Optimizer.Name.LION,
            Optimizer.Name.MUON,
            Optimizer.Name.ADAMW);
    assertThat(phases)
        .extracting(phase -> phase.optimizer().beta2())
        .as("lion has a default of its own")
        .containsExactly(0.999, 0.999, 0.999, 0.999, 0.999, 0.999, 0.99, 0.95, 0.999, 0.999);
    assertThat(phases)
        .allMatch(
            phase ->
                phase.optimizer().offloaded() == (phase.optimizer().name() != Optimizer.Name.MUON));
  }

  @Test
  void doesNotFallIntoYamlsTraps() throws IOException {
    Pipeline pipeline = read("yaml-traps");
    Phase phase = pipeline.phases().get(0);
    assertThat(pipeline.name()).isEqualTo("no");
    assertThat(pipeline.baseModel()).isEqualTo(new BaseModel.Existing("010"));
    assertThat(pipeline.outputDir()).isEqualTo("on");
    assertThat(phase.name()).isEqualTo("2024");
    assertThat(phase.trained().targeting())
        .isEqualTo(new Targeting.Parameters(List.of("1:30", "true", "null", "y")));
    assertThat(phase.datasets())
        .containsExactly(
            new Dataset("yes", RowType.AUTO, 1), new Dataset("0x10", RowType.AUTO, 10.5));
    assertThat(phase.length().maxSteps()).hasValue(600);
    assertThat(phase.learningRates().highest()).isEqualTo(2e-5);
    assertThat(phase.optimizer().weightDecay()).isEqualTo(0.1);
    assertThat(phase.batch().shuffle()).isTrue();
    assertThat(phase.batch().samplePacking()).isFalse();
  }

  @Test
  void readsWhatIsHeldOut() throws IOException {
    List<Phase> phases = read("held-out").phases();
    assertThat(phases)
        .extracting(phase -> phase.evaluation().valSetSize())
        .as("own datasets take the place of an inherited size, and the reverse")
        .containsExactly(
            Optional.of(new Amount.Share(0.05)),
            Optional.of(new Amount.Count(200)),
            Optional.empty(),
            Optional.of(new Amount.Count(1)),
            Optional.empty());
    assertThat(phases)
        .extracting(phase -> phase.evaluation().holdsOut())
        .containsExactly(true, true, true, true, false);
    assertThat(phases)
        .extracting(phase -> phase.evaluation().evalSteps())
        .containsExactly(
            Optional.of(new Amount.Count(100)),
            Optional.of(new Amount.Share(0.1)),
            Optional.of(new Amount.Count(100)),
            Optional.of(new Amount.Count(100)),
            Optional.empty());
    assertThat(phases)
        .extracting(phase -> phase.evaluation().earlyStopping())
        .containsExactly(
            Optional.empty(),
            Optional.of(new Evaluation.EarlyStopping(2, 0)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
  }

  @Test
  void readsEveryBudget() throws IOException {
    List<Phase> phases = read("budgets").phases();

    assertThat(phases)
        .filteredOn(phase -> phase.trained().targeting() instanceof Targeting.Snr)
        .extracting(phase -> ((Targeting.Snr) phase.trained().targeting()).rule())
        .containsExactly(
            rule(SelectionRule.Mode.TOP, new SelectionRule.Budget.MaxParameters(1_000_000)),
            rule(SelectionRule.Mode.TOP, new SelectionRule.Budget.Adaptive()),
            rule(SelectionRule.Mode.ALL, new SelectionRule.Budget.Everything()),
            rule(
                SelectionRule.Mode.RANDOM,
                new SelectionRule.Budget.Percent(25, SelectionRule.Budget.Of.MODULES)));
    assertThat(phases.get(4).trained().targeting())
        .isEqualTo(
            new Targeting.Parameters(
                List.of("model.embed_tokens.weight[:100]"), ParameterMatch.EXACT));
  }

  private static SelectionRule rule(SelectionRule.Mode mode, SelectionRule.Budget budget) {
    return new SelectionRule(
        SelectionRule.Profile.SPECTRUM,
        SelectionRule.Metric.SNR,
        mode,
        SelectionRule.Ranking.PER_TYPE,
        budget);
  }

  @Test
  void readsTheSettingsOfEachTypeOfPreferencePhase() throws IOException {
    Map<String, Phase> phases =
        read("preferences").phases().stream()
            .collect(Collectors.toMap(Phase::name, Function.identity()));

    assertThat(phases.get("several").dpo().losses())
        .containsExactly(
            new Dpo.WeightedLoss(Dpo.LossType.SIGMOID, 1),
            new Dpo.WeightedLoss(Dpo.LossType.SFT, 0.5));
    assertThat(phases.get("alone").dpo().losses())
        .as("1 where no weights are given")
        .containsExactly(new Dpo.WeightedLoss(Dpo.LossType.EXO_PAIR, 1));
    assertThat(phases.get("alone").dpo().labelSmoothing()).isEqualTo(0.001);
    assertThat(phases.get("judged").kto())
        .isEqualTo(new Kto(0.2, Kto.LossType.APO_ZERO_UNPAIRED, 1.5, 0.5, new Reference.Shared()));
    assertThat(phases.get("contrasted").cpo()).isEqualTo(new Cpo(0.3, Cpo.LossType.HINGE, 0.2, 0));
    assertThat(phases.get("odds").orpo()).isEqualTo(new Orpo(0.25));
    assertThat(phases.get("simple").simpo()).isEqualTo(new Simpo(2.5, 1.5, 0.1, 0.2, -0.25));
    assertThat(phases.get("text").dpo()).as("what defaults say passes sft by").isEqualTo(SIGMOID);
    assertThat(phases.get("text").kto()).isEqualTo(KTO);
    assertThat(phases.get("simple").excessLength())
        .as("keep_end, as TRL says it")
        .isEqualTo(Rows.ExcessLength.TRUNCATE_START);
  }

  @Test
  void oneLossAloneIsAsTheLanguageHasIt() {
    assertThat(new Dpo(0.1, Dpo.LossType.SIGMOID, 0)).isEqualTo(SIGMOID);
  }

  private static Pipeline read(String name) throws IOException {
    return PipelineReader.read(Path.of("src/test/resources/valid", name + ".yaml"), List.of());
  }
}
