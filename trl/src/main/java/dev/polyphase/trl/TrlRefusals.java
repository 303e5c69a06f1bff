package dev.polyphase.trl;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.DecoderBlock;
import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dpo.LossType;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.TrainingEngine;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What phases can't ask of TRL's trainers, each by its key. */
final class TrlRefusals {
  private static final Set<LossType> OF_WHOLE_STEPS =
      EnumSet.of(LossType.AOT, LossType.AOT_UNPAIRED);

  /** What the names of experts' parameters have in common. */
  private static final String EXPERTS = ".experts.";

  private final Phase phase;
  private final List<String> sentences = new ArrayList<>();

  private TrlRefusals(Phase phase) {
    this.phase = phase;
  }

  /** A sentence for each setting that would not be heeded. */
  static List<String> of(PhaseRequest request, TrainingEngine engine) {
    TrlRefusals refusals = new TrlRefusals(request.phase());
    refusals.ofBatches(engine);
    refusals.ofWhatIsTrained(request);
    refusals.ofOptimizer();
    refusals.ofMonitoring();
    if (request.phase().type() == PhaseType.DPO) {
      refusals.ofPairs(request.phase().dpo());
    } else if (request.phase().type() != PhaseType.SFT && request.phase().type() != PhaseType.CPT) {
      refusals.refuse(
          "type: " + word(request.phase().type()), "trains cpt, sft and dpo; leave engine out");
    }
    if (request.pipeline().devices().stream().anyMatch(device -> device.startsWith("cuda:"))) {
      refusals.refuse(
          "device: " + String.join(", ", request.pipeline().devices()),
          "gives each process a GPU of its own; give auto, cuda or cpu");
    }
    return refusals.sentences;
  }

  /** A sentence for each thing about the model that the installed transformers can't train so. */
  static List<String> of(ModelParts model, Phase phase) {
    TrlRefusals refusals = new TrlRefusals(phase);
    ModelLayout layout = model.layout();
    if (layout.config().names().wrapped()) {
      refusals.refuse(
          "the model is a text model among other parts, its tensors are named "
              + layout.prefix(0)
              + "...",
          "builds models of text alone; leave engine out");
    }
    refusals.ofRouting(layout.config());
    refusals.ofExperts(model);
    refusals.ofPositions(layout.config());
    return refusals.sentences;
  }

  private void ofRouting(ModelConfig config) {
    if (config.blocks().stream()
        .anyMatch(
            block -> block.feedForward() instanceof Experts experts && experts.lossWeight() > 0)) {
      refuse(
          "config.json has output_router_logits: true",
          "does not add the loss of routing that it asks for; set it to false, or leave engine"
              + " out");
    }
  }

  /** In memory transformers has all experts of a layer in one tensor, however they are stored. */
  private void ofExperts(ModelParts model) {
    List<String> experts =
        model.layout().parameters().stream()
            .map(Parameter::name)
            .filter(name -> name.contains(EXPERTS) && model.trained().tensors().contains(name))
            .toList();
    if (!experts.isEmpty()) {
      refuse(
          "it would train " + experts.get(0) + (experts.size() > 1 ? " and others" : ""),
          "has all of a layer's experts in one tensor; set targeting.modules to types of attention,"
              + " as self_attn.q_proj, or leave engine out");
    }
  }

  /** Some scalings turn a row by its own length, and transformers a whole batch by its longest. */
  private void ofPositions(ModelConfig config) {
    int tokens = phase.batch().sequenceLen();
    int alike = tokens;
    for (DecoderBlock block : config.blocks()) {
      if (block.attention().rope() instanceof Rope.Rotary rotary) {
        alike = Math.min(alike, rotary.scaling().longestAlike().orElse(tokens));
      }
    }
    if (alike < tokens) {
      refuse(
          "sequence_len: " + tokens,
          "turns all rows of a micro-batch as its longest one asks for, where rows are longer than"
              + " the model was first made for; give %d or less, or leave engine out"
                  .formatted(alike));
    }
  }

  private void refuse(String setting, String instead) {
    sentences.add("%s, but engine trl %s".formatted(setting, instead));
  }

  private void ofBatches(TrainingEngine engine) {
    int accumulation = phase.batch().gradientAccumulationSteps();
    int processes = engine.worldSize();
    if (accumulation % processes != 0) {
      refuse(
          "gradient_accumulation_steps: " + accumulation,
          "deals a step's micro-batches out to %d processes; give a multiple of %d, and a smaller micro_batch_size for steps of the same size"
              .formatted(processes, processes));
    }
    if (phase.batch().neftuneNoiseAlpha() > 0) {
      refuse(
          "neftune_noise_alpha: " + phase.batch().neftuneNoiseAlpha(),
          "would draw other noise than a phase without it; leave it out");
    }
  }

  private void ofWhatIsTrained(PhaseRequest request) {
    if (phase.trained().adapter().isPresent()) {
      refuse("adapter", "trains weights themselves; leave it out");
    }
    if (phase.trained().rescanEvery().isPresent()) {
      refuse("rescan_every", "trains the same weights to a phase's end; leave it out");
    }
    if (!request.start().rows().isEmpty()) {
      refuse(
          "targeting names rows of " + request.start().rows().keySet().iterator().next(),
          "trains whole tensors, which it deals out by rows; name it without rows");
    }
  }

  private void ofOptimizer() {
    Optimizer optimizer = phase.optimizer();
    if (optimizer.name() != Optimizer.Name.ADAMW) {
      refuse("optimizer: " + word(optimizer.name()), "has adamw alone");
    }
    if (optimizer.offloaded()) {
      refuse("optimizer_offload: true", "deals states out to all GPUs instead; leave it out");
    }
    LrScheduler scheduler = phase.learningRates().scheduler();
    if (scheduler instanceof LrScheduler.Constant
        && phase.learningRates().warmup().steps(Integer.MAX_VALUE) > 0) {
      refuse("lr_scheduler: constant with a warm-up", "needs constant_with_warmup for that");
    }
  }

  private void ofMonitoring() {
    if (phase.evaluation().earlyStopping().isPresent()) {
      refuse("early_stopping_patience", "takes all steps; leave it out");
    }
    if (phase.evaluation().loadBestModelAtEnd()) {
      refuse("load_best_model_at_end: true", "leaves the weights of the last step; leave it out");
    }
    if (phase.monitoring().lossWatchdog().isPresent()) {
      refuse(
          "loss_watchdog_threshold",
          "ends a phase for losses that are no numbers alone; leave it out");
    }
    if (phase.saving().saveSteps().isPresent()) {
      refuse("save_steps", "saves by engine.checkpoint_steps; give that instead");
    }
  }

  private void ofPairs(Dpo dpo) {
    for (LossType loss : dpo.lossTypes()) {
      if (OF_WHOLE_STEPS.contains(loss)) {
        refuse(
            "dpo.loss_type: " + word(loss),
            "would compare the pairs of a micro-batch and not of a step");
      }
    }
    if (dpo.lossTypes().contains(LossType.SFT) && phase.batch().gradientAccumulationSteps() > 1) {
      refuse(
          "dpo.loss_type: sft",
          "would take the mean of each micro-batch's tokens and not of the step's, where"
              + " gradient_accumulation_steps is not 1");
    }
    if (dpo.lossTypes().contains(LossType.SIGMOID) && dpo.labelSmoothing() > 0) {
      refuse(
          "dpo.label_smoothing: %s with sigmoid".formatted(dpo.labelSmoothing()),
          "has no cDPO; loss_type robust heeds it");
    }
    if (dpo.reference() instanceof Reference.Shared) {
      refuse("dpo.reference: shared", "takes the reference's figures in one pass: precomputed");
    }
    if (dpo.prefixSharing() == Dpo.PrefixSharing.ON) {
      refuse("dpo.prefix_sharing: on", "computes a prompt with each of its completions");
    }
    if (phase.batch().samplePacking()) {
      refuse("sample_packing: true", "does not pack pairs; leave it out of dpo phases");
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
