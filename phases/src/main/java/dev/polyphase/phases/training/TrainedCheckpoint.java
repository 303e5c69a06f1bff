package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.FolderState;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint with new values for its trained tensors and with adapters merged into the weights
 * that they adapt. With {@code save_dtype: base} each tensor keeps its dtype and an untrained one
 * its bytes; another dtype is given to every floating-point tensor.
 */
final class TrainedCheckpoint {
  private final Checkpoint base;
  private final FolderState opened;
  private final ModelLayout layout;
  private final Transformer model;
  private final SaveDtype saveDtype;
  private final LearnedEnds ends;

  /**
   * A checkpoint that has its new values from a model.
   *
   * @param opened the base's folder when the first of its files was opened
   */
  TrainedCheckpoint(
      Checkpoint base,
      FolderState opened,
      ModelLayout layout,
      Transformer model,
      SaveDtype saveDtype,
      LearnedEnds ends) {
    this.base = base;
    this.opened = opened;
    this.layout = layout;
    this.model = model;
    this.saveDtype = saveDtype;
    this.ends = ends;
  }

  /** The checkpoint without new values. */
  Checkpoint base() {
    return base;
  }

  /**
   * Holds the base to be the one that the phase began with.
   *
   * @throws IOException that names the file that is not
   */
  void checkBase() throws IOException {
    opened.checkUnchanged();
  }

  /** Writes the folder, whole or not at all. */
  void write(Path target) throws IOException {
    Map<String, NewTensor> replaced = trained();
    for (TensorInfo tensor : base.tensors()) {
      if (saveDtype != SaveDtype.BASE
          && !replaced.containsKey(tensor.name())
          && tensor.type().floating()
          && saved(tensor).elementType() != tensor.type()) {
        replaced.put(
            tensor.name(),
            model
                .weights()
                .storeOf(layout.parameterOf(tensor.name()))
                .toWrite(tensor, saved(tensor)));
      }
    }
    CheckpointWriter.write(base, opened, target, replaced, ends.edits(configChanges()));
  }

  /**
   * The new values of all tensors that the phase has trained so far, in the dtype that they are
   * saved in: the masters' and the adapted weights', and the last ones of what is trained no more.
   */
  Map<String, NewTensor> trained() {
    Map<String, NewTensor> trained = new HashMap<>();
    for (TensorInfo tensor : base.tensors()) {
      String name = layout.parameterOf(tensor.name());
      TensorStore store = model.weights().storeOf(name);
      Optional<TrainedTensor> now = model.trained().find(name);
      if (now.isPresent()) {
        trained.put(tensor.name(), store.toWrite(now.get().master(), saved(tensor)));
      } else if (isAdapted(tensor)) {
        trained.put(tensor.name(), merged(tensor));
      } else if (hasLeft(name)) {
        trained.put(tensor.name(), store.toWrite(atRest(name), saved(tensor)));
      }
    }
    return trained;
  }

  /** How many values of trained and adapted tensors differ from the base's, as they are saved. */
  long changedValues() throws IOException {
    long changed = 0;
    for (TensorInfo tensor : base.tensors()) {
      String name = tensor.name();
      TensorStore store = model.weights().storeOf(name);
      Optional<TrainedTensor> now = model.trained().find(name);
      if (now.isPresent()) {
        changed += store.countChanged(now.get().master(), tensor, saved(tensor));
        continue;
      }
      try (NDManager scratch = model.newScratch()) {
        if (isAdapted(tensor)) {
          changed +=
              store.countChanged(model.weights().merged(tensor, scratch), tensor, saved(tensor));
        } else if (name.equals(layout.parameterOf(name)) && hasLeft(name)) {
          NDArray last = store.writable(scratch, atRest(name), Precision.FLOAT32);
          changed += store.countChanged(last, tensor, saved(tensor));
        }
      }
    }
    return changed;
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
  private NewTensor merged(TensorInfo tensor) {
    Precision precision = saved(tensor);
    return new NewTensor(
        precision.elementType(),
        channel -> {
          try (NDManager scratch = model.newScratch()) {
            model
                .weights()
                .storeOf(tensor.name())
                .toWrite(model.weights().merged(tensor, scratch), precision)
                .bytes()
                .writeTo(channel);
          }
        });
  }

  /** A tied head that is stored a second time must not be rounded otherwise than the embedding. */
  private Precision saved(TensorInfo tensor) {
    TensorInfo like = base.find(layout.parameterOf(tensor.name())).orElse(tensor);
    return Precision.saved(like, saveDtype);
  }

  /** What the base's configuration says and is not so here. */
  private Map<String, JsonNode> configChanges() {
    Map<String, JsonNode> changes = new HashMap<>();
    if (saveDtype != SaveDtype.BASE) {
      JsonNode dtype = TextNode.valueOf(saveDtype.name().toLowerCase(Locale.ROOT));
      // Both spellings of the key, of which the writer changes those that are there.
      changes.put("torch_dtype", dtype);
      changes.put("dtype", dtype);
    }
    if (layout.config().head() == HeadTie.CONTRADICTED) {
      changes.put(HeadTie.KEY, BooleanNode.FALSE);
    }
    return changes;
  }
}
