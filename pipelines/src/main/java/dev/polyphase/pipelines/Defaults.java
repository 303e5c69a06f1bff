package dev.polyphase.pipelines;

import java.util.List;
import java.util.Optional;

/** Every default of the pipeline language. */
public final class Defaults {
  public static final String OUTPUT_DIR = "runs";
  public static final long SEED = 42;
  public static final List<String> DEVICES = List.of("auto");
  public static final Dtype DTYPE = Dtype.AUTO;
  public static final SaveDtype SAVE_DTYPE = SaveDtype.BASE;
  public static final SaveRounding SAVE_ROUNDING = SaveRounding.NEAREST;

  public static final List<String> TARGETING_MODULES = Targeting.PROJECTIONS;

  public static final SelectionRule.Profile PROFILE = SelectionRule.Profile.SPECTRUM;
  public static final SelectionRule.Metric METRIC = SelectionRule.Metric.SNR;
  public static final SelectionRule.Mode MODE = SelectionRule.Mode.TOP;
  public static final SelectionRule.Ranking RANKING = SelectionRule.Ranking.PER_TYPE;
  public static final SelectionRule.Budget.Of TOP_PERCENT_OF = SelectionRule.Budget.Of.MODULES;
  public static final ParameterMatch PARAMETER_MATCH = ParameterMatch.AXOLOTL;

  /** As the published tool writes at the head of every selection. */
  public static final List<String> ALWAYS_TRAIN = List.of("lm_head", "embed_tokens");

  /** Or the vocabulary's weights would be trained whole, many times the adapters' size. */
  public static final List<String> ALWAYS_TRAIN_BESIDE_ADAPTER = List.of();

  public static final Dataset.RowType DATASET_TYPE = Dataset.RowType.AUTO;
  public static final double DATASET_WEIGHT = 1;

  /** Where neither epochs, steps nor tokens are given. */
  public static final double NUM_EPOCHS = 1;

  public static final int SEQUENCE_LEN = 2048;
  public static final int MICRO_BATCH_SIZE = 1;
  public static final int GRADIENT_ACCUMULATION_STEPS = 1;
  public static final LrScheduler.Name LR_SCHEDULER = LrScheduler.Name.COSINE;

  /** Of the courses along a cosine: once down. */
  public static final double NUM_CYCLES = 0.5;

  public static final LrScheduler.Curve WARMUP_TYPE = LrScheduler.Curve.LINEAR;
  public static final LrScheduler.Curve DECAY_TYPE = LrScheduler.Curve.COSINE;
  public static final double MIN_LR_RATIO = 0;
  public static final double LR_END = 1e-7;
  public static final double POWER = 1;
  public static final Warmup WARMUP = new Warmup.Steps(0);
  public static final Optimizer OPTIMIZER =
      new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0);

  /** {@code adam_beta2} of {@code lion}, as in its paper. */
  public static final double LION_BETA2 = 0.99;

  public static final double EARLY_STOPPING_THRESHOLD = 0;
  public static final boolean LOAD_BEST_MODEL_AT_END = false;
  public static final double NEFTUNE_NOISE_ALPHA = 0;

  /** In steps, as Axolotl has it. */
  public static final int LOSS_WATCHDOG_PATIENCE = 3;

  /** Of {@code lr_by_snr}. */
  public static final double LEAST_LR_FACTOR = 0.5;

  /** Of {@code lr_by_snr}. */
  public static final double MOST_LR_FACTOR = 2;

  public static final boolean SAMPLE_PACKING = false;
  public static final boolean SHUFFLE = true;
  public static final int LOGGING_STEPS = 1;
  public static final Saving SAVING = new Saving(Optional.empty(), 30, 2);
  public static final Dpo DPO =
      new Dpo(0.1, Dpo.LossType.SIGMOID, 0, 0.05, new Dpo.Reference.Precomputed());

  /** The rank and alpha of TRL's command line, no dropout as in PEFT. */
  public static final Adapter ADAPTER =
      new Adapter(Adapter.Type.LORA, 16, 32, 0, Adapter.Save.MERGED);

  private Defaults() {}
}
