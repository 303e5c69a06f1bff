package dev.polyphase.phases.preparation;

import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorSample;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.optimizer.UpdateRules;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Bounds how far a phase's updates can move what it trains. A step moves a value w at rate r by at
 * most {@code r (c + decay |w|)}, c being {@link UpdateRules#largestUpdate}; all steps together by
 * at most the sum. A weight with an adapter moves by {@code scale B A}: B begins with 0, A within
 * {@code 1 / sqrt(in)}, and each is bounded so, hence their product over the rank too.
 */
final class UpdateReach {
  /** Of so many steps the rates are added up; of more, each counts as the highest possible. */
  private static final long STEPS_ADDED = 1_000_000;

  private final Phase phase;
  private final ModelParts model;
  private final double rateSum;
  private double farthest;
  private long sampled;
  private long movable;

  private UpdateReach(Phase phase, ModelParts model, double rateSum) {
    this.phase = phase;
    this.model = model;
    this.rateSum = rateSum;
  }

  /**
   * Looks at a few thousand values of each tensor to train.
   *
   * @param rate of the phase's steps
   */
  static Reach of(Phase phase, ModelParts model, LearningRate rate, SaveDtype saveDtype)
      throws IOException {
    double sum = rate.totalSteps() * rate.highest();
    double highest = rate.highest();
    if (rate.totalSteps() <= STEPS_ADDED) {
      sum = 0;
      highest = 0;
      for (long step = 0; step < rate.totalSteps(); step++) {
        sum += rate.at(step);
        highest = Math.max(highest, rate.at(step));
      }
    }
    double ofModules = Math.max(1, phase.learningRates().bySnr().map(LrBySnr::max).orElse(1.0));
    UpdateReach reach = new UpdateReach(phase, model, sum * ofModules);
    Set<Precision> saved = new TreeSet<>();
    Map<String, Parameter> trained = new HashMap<>();
    model.layout().parameters().stream()
        .filter(parameter -> reach.trains(parameter.name()))
        .forEach(parameter -> trained.put(parameter.name(), parameter));
    for (TensorInfo tensor : model.checkpoint().parts()) {
      Parameter parameter = trained.get(model.layout().parameterOf(tensor.name()));
      if (parameter != null) {
        Precision precision = Precision.saved(tensor, saveDtype);
        saved.add(precision);
        reach.look(tensor, parameter, precision);
      }
    }
    return new Reach(
        highest,
        sum,
        reach.farthest,
        reach.sampled,
        reach.movable,
        saved.stream()
            .map(precision -> precision.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", ")));
  }

  private boolean trains(String parameter) {
    return model.trained().tensors().contains(parameter)
        || model.trained().adapters().adapt(parameter);
  }

  private void look(TensorInfo tensor, Parameter parameter, Precision saved) throws IOException {
    boolean adapted = model.trained().adapters().adapt(parameter.name());
    double decay = adapted ? 0 : rateSum * phase.optimizer().weightDecay();
    double byGradients = adapted ? ofAdapter(parameter) : ofUpdates(parameter);
    for (float value : TensorSample.of(tensor)) {
      if (!Float.isFinite(value)) {
        continue;
      }
      double most = byGradients + decay * Math.abs(value);
      farthest = Math.max(farthest, most);
      sampled++;
      double now = saved.rounded(value);
      if (saved.rounded(value - most) != now || saved.rounded(value + most) != now) {
        movable++;
      }
    }
  }

  private double ofUpdates(Parameter parameter) {
    Optimizer optimizer = phase.optimizer();
    return rateSum * UpdateRules.largestUpdate(optimizer, parameter);
  }

  private double ofAdapter(Parameter weight) {
    Adapters adapters = model.trained().adapters();
    double first = 1 / Math.sqrt((double) weight.shape().get(1));
    double a = first + ofUpdates(adapters.a(weight));
    return adapters.scale() * adapters.rank() * ofUpdates(adapters.b(weight)) * a;
  }
}
