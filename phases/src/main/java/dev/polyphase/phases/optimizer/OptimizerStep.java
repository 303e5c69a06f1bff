package dev.polyphase.phases.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Devices;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.pipelines.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a model's float32 masters once a step's gradients are there: clipping by their
 * common norm, then the optimiser's update. States are with what is updated, each where its master
 * is.
 */
public final class OptimizerStep implements AutoCloseable {
  private final List<NDManager> owners;
  private final List<Rules> rules;
  private final @Nullable Offload offload;
  private final Clipping clipping;
  private final RoundingKeys keys;
  private final double weightDecay;

  /**
   * An optimiser for a model in one place, whose masters are what it computes with.
   *
   * @param parent the manager of the masters
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   */
  public OptimizerStep(NDManager parent, Optimizer settings, double maxGradNorm) {
    this(List.of(parent), null, settings, maxGradNorm, 0);
  }

  /**
   * An optimiser for a model.
   *
   * @param devices the model's
   * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
   * @param seed of what is rounded at random, together with a step's number and parameters' names
   */
  public OptimizerStep(Devices devices, Optimizer settings, double maxGradNorm, long seed) {
    this(
        devices.managers(),
        devices.mastersOnHost() ? new Offload(devices) : null,
        settings,
        maxGradNorm,
        seed);
  }

  private OptimizerStep(
      List<NDManager> devices,
      @Nullable Offload offload,
      Optimizer settings,
      double maxGradNorm,
      long seed) {
    this.owners = devices.stream().map(NDManager::newSubManager).toList();
    this.offload = offload;
    this.clipping = new Clipping(owners.get(0), maxGradNorm);
    this.keys = new RoundingKeys(seed);
    this.weightDecay = settings.weightDecay();
    List<NDManager> ofStates = offload == null ? owners : List.of(offload.host());
    this.rules = ofStates.stream().map(owner -> new Rules(owner, settings, keys)).toList();
  }

  /**
   * The norm of gradients; nothing waits for it.
   *
   * @param parts what has a gradient, in the order of the sum
   * @param owner the manager that what is still to be read belongs to
   */
  public GradientNorm norm(List<TrainedPart> parts, NDManager owner) {
    return parts.isEmpty()
        ? GradientNorm.ofNone()
        : GradientNorm.of(clipping.norm(numbered(parts), owner));
  }

  /**
   * One update of every master that has a gradient. Float32 gradients are clipped in place, those
   * of 16 bits where they are converted. Nothing is updated where their norm is not finite: every
   * master would become a NaN.
   *
   * @param step the step's number in the phase
   * @param parts what has a gradient
   * @param norm of the gradients
   * @param learningRate the step's, by which each tensor's own factor is multiplied
   */
  public void update(long step, List<TrainedPart> parts, GradientNorm norm, double learningRate) {
    if (parts.isEmpty() || !Float.isFinite(norm.value())) {
      return;
    }
    double scale = clipping.scale(norm.value());
    keys.startStep(step);
    begin(parts);
    if (offload != null) {
      offload.update(
          parts,
          (some, scratch) -> {
            // Here they are float32, whatever they were.
            clip(some, scale, scratch);
            update(rules.get(0), some, scale, learningRate, scratch);
          });
      return;
    }
    try (NDManager scratch = owners.get(0).newSubManager()) {
      byDevice(parts)
          .forEach(
              (device, ofDevice) -> {
                clip(ofDevice, scale, scratch);
                update(rules.get(device), ofDevice, scale, learningRate, scratch);
              });
    }
  }

  private void clip(List<TrainedPart> parts, double scale, NDManager scratch) {
    List<NDArray> wide =
        parts.stream().map(TrainedPart::gradient).filter(Clipping::isFloat32).toList();
    if (scale < 1 && !wide.isEmpty()) {
      clipping.scale(wide, scale, scratch);
    }
  }

  /** Gives states to what has none yet. */
  public void begin(List<TrainedPart> parts) {
    for (TrainedPart part : parts) {
      if (!part.hasState()) {
        int device = part.tensor().device();
        NDManager parent = offload == null ? owners.get(device) : offload.host();
        UpdateRule rule = rules.get(offload == null ? device : 0).of(part);
        NDManager owner = parent.newSubManager();
        part.begin(owner, rule.newState(part, owner));
      }
    }
  }

  @Override
  public void close() {
    rules.forEach(Rules::close);
    if (offload != null) {
      offload.close();
    }
    clipping.close();
    owners.forEach(NDManager::close);
  }

  /** All of one rate and one decay in one call. */
  private void update(
      Rules ofDevice,
      List<TrainedPart> parts,
      double scale,
      double learningRate,
      NDManager scratch) {
    Map<Kind, List<TrainedPart>> kinds = new LinkedHashMap<>();
    for (TrainedPart part : parts) {
      double rate = learningRate * part.tensor().rateFactor();
      double decay = part.tensor().decays() ? weightDecay : 0;
      Kind kind = new Kind(ofDevice.of(part), new UpdateRule.Settings(scale, rate, decay));
      kinds.computeIfAbsent(kind, it -> new ArrayList<>()).add(part);
    }
    kinds.forEach((kind, some) -> kind.rule().update(some, kind.how(), scratch));
  }

  private record Kind(UpdateRule rule, UpdateRule.Settings how) {}

  /** A device's: of masters that are whole, and of those in halves, once there is one. */
  private static final class Rules implements AutoCloseable {
    private final Function<Boolean, UpdateRule> newRule;
    private final Map<Boolean, UpdateRule> rules = new TreeMap<>();

    Rules(NDManager owner, Optimizer settings, RoundingKeys keys) {
      this.newRule = halves -> UpdateRules.of(owner, settings, keys, halves);
    }

    UpdateRule of(TrainedPart part) {
      return rules.computeIfAbsent(part.master().lower().isPresent(), newRule);
    }

    @Override
    public void close() {
      rules.values().forEach(UpdateRule::close);
    }
  }

  private static Map<Integer, List<TrainedPart>> byDevice(List<TrainedPart> parts) {
    Map<Integer, List<TrainedPart>> byDevice = new TreeMap<>();
    for (TrainedPart part : parts) {
      byDevice.computeIfAbsent(part.tensor().device(), device -> new ArrayList<>()).add(part);
    }
    return byDevice;
  }

  private static List<Clipping.Numbered> numbered(List<TrainedPart> parts) {
    Map<Integer, Clipping.Numbered> byDevice = new TreeMap<>();
    for (int number = 0; number < parts.size(); number++) {
      Clipping.Numbered ofDevice =
          byDevice.computeIfAbsent(
              parts.get(number).tensor().device(),
              device -> new Clipping.Numbered(new ArrayList<>(), new ArrayList<>()));
      ofDevice.numbers().add(number);
      ofDevice.gradients().add(parts.get(number).gradient());
    }
    return List.copyOf(byDevice.values());
  }
}
