package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.result.TrainedValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.Optional;

/**
 * The values of a model that is being trained: the masters' and the adapted weights', and the last
 * ones of what is trained no more.
 *
 * @param base what the phase began with
 */
record ModelValues(Checkpoint base, ModelLayout layout, Transformer model)
    implements TrainedValues {

  @Override
  public Optional<NewTensor> toWrite(TensorInfo tensor, SavedForm form) {
    String name = layout.parameterOf(tensor.name());
    Optional<TrainedTensor> now = model.trained().find(name);
    if (now.isPresent()) {
      return Optional.of(model.weights().toWrite(now.get(), form.precision(name), form.rule(name)));
    }
    if (isAdapted(tensor)) {
      return Optional.of(merged(tensor, form.precision(name), form.rule(name)));
    }
    return hasLeft(name)
        ? Optional.of(storeOf(tensor).toWrite(atRest(name), form.precision(name), form.rule(name)))
        : Optional.empty();
  }

  @Override
  public Optional<NDArray> values(TensorInfo tensor, NDManager owner) throws IOException {
    String name = tensor.name();
    Optional<TrainedTensor> now = model.trained().find(name);
    if (now.isPresent()) {
      return Optional.of(now.get().master().values(owner));
    }
    if (isAdapted(tensor)) {
      return Optional.of(model.weights().merged(tensor, owner));
    }
    return name.equals(layout.parameterOf(name)) && hasLeft(name)
        ? Optional.of(
            model.weights().storeOf(name).writable(owner, atRest(name), Precision.FLOAT32))
        : Optional.empty();
  }

  @Override
  public TensorStore storeOf(TensorInfo tensor) {
    return model.weights().storeOf(layout.parameterOf(tensor.name()));
  }

  @Override
  public NDManager newScratch() {
    return model.newScratch();
  }

  /** Whether a parameter was trained earlier in the phase and is not any more. */
  private boolean hasLeft(String parameter) {
    return !model.trained().contains(parameter)
        && !model.weights().atRest().find(parameter).equals(base.find(parameter));
  }

  private TensorInfo atRest(String parameter) {
    return model.weights().atRest().find(parameter).orElseThrow();
  }

  private boolean isAdapted(TensorInfo tensor) {
    return model.weights().trainable().adapters().adapt(tensor.name());
  }

  /** One weight at a time is merged, while it is written. */
  private NewTensor merged(TensorInfo tensor, Precision precision, RoundingRule rule) {
    return new NewTensor(
        precision.elementType(),
        channel -> {
          try (NDManager scratch = model.newScratch()) {
            model
                .weights()
                .storeOf(tensor.name())
                .toWrite(model.weights().merged(tensor, scratch), precision, rule)
                .bytes()
                .writeTo(channel);
          }
        });
  }
}
