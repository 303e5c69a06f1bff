package dev.polyphase.phases.result;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.FolderState;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.JsonEdit;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint with new values for its trained tensors and with adapters merged into the weights
 * that they adapt. With {@code save_dtype: base} each tensor keeps its dtype and an untrained one
 * its bytes; another dtype is given to every floating-point tensor of the text model. What a model
 * has beside its text model keeps its bytes.
 */
public final class TrainedCheckpoint {
  private final Checkpoint base;
  private final FolderState opened;
  private final ModelLayout layout;
  private final TrainedValues values;
  private final SavedAs form;
  private final LearnedEnds ends;
  private final Map<String, FileChange> template;

  /**
   * A checkpoint with new values.
   *
   * @param opened the base's folder when the first of its files was opened
   * @param template what changes of other files for another chat template; nothing without one
   */
  public TrainedCheckpoint(
      Checkpoint base,
      FolderState opened,
      ModelLayout layout,
      TrainedValues values,
      SavedAs form,
      LearnedEnds ends,
      Map<String, FileChange> template) {
    this.base = base;
    this.opened = opened;
    this.layout = layout;
    this.values = values;
    this.form = form;
    this.ends = ends;
    this.template = Map.copyOf(template);
  }

  /** The tokens at which the saved model stops. */
  public LearnedEnds ends() {
    return ends;
  }

  /** The checkpoint without new values. */
  public Checkpoint base() {
    return base;
  }

  /**
   * Holds the base to be the one that the phase began with.
   *
   * @throws IOException that names the file that is not
   */
  public void checkBase() throws IOException {
    opened.checkUnchanged();
  }

  /** Writes the folder, whole or not at all. */
  public void write(Path target) throws IOException {
    Map<String, NewTensor> replaced = trained();
    TextNames names = TextNames.of(base);
    for (TensorInfo tensor : base.parts()) {
      if (form.saveDtype() != SaveDtype.BASE
          && names.covers(tensor.name())
          && !replaced.containsKey(tensor.name())
          && tensor.type().floating()
          && saved(tensor).elementType() != tensor.type()) {
        replaced.put(tensor.name(), values.storeOf(tensor).toWrite(tensor, saved(tensor)));
      }
    }
    Map<String, FileChange> changes = new HashMap<>(template);
    Map<String, JsonNode> config = configChanges();
    ends.edits(config)
        .forEach(
            (file, edit) ->
                changes.put(file, edit.with(TextNames.CONFIG_KEY, JsonEdit.replacing(config))));
    CheckpointWriter.write(base, opened, target, replaced, changes);
  }

  /**
   * The new values of all tensors that the phase has trained so far, in the dtype that they are
   * saved in: the masters' and the adapted weights', and the last ones of what is trained no more.
   */
  public Map<String, NewTensor> trained() {
    Map<String, NewTensor> trained = new HashMap<>();
    for (TensorInfo tensor : base.parts()) {
      values.toWrite(tensor, form).ifPresent(now -> trained.put(tensor.name(), now));
    }
    return trained;
  }

  /** How many values of trained and adapted tensors differ from the base's, as they are saved. */
  public long changedValues() throws IOException {
    return differing(true);
  }

  /** How many of them differ before they are rounded; of what is trained no more, as it rests. */
  public long movedValues() throws IOException {
    return differing(false);
  }

  private long differing(boolean asSaved) throws IOException {
    long differing = 0;
    for (TensorInfo tensor : base.parts()) {
      try (NDManager scratch = values.newScratch()) {
        Optional<NDArray> now = values.values(tensor, scratch);
        if (now.isPresent()) {
          TensorStore store = values.storeOf(tensor);
          differing +=
              asSaved
                  ? store.countChanged(now.get(), tensor, saved(tensor), rule(tensor))
                  : store.countChanged(now.get(), tensor, Precision.FLOAT32, RoundingRule.NEAREST);
        }
      }
    }
    return differing;
  }

  /** A tied head that is stored a second time must not be rounded otherwise than the embedding. */
  private Precision saved(TensorInfo tensor) {
    return form.precision(layout.parameterOf(tensor.name()));
  }

  private RoundingRule rule(TensorInfo tensor) {
    return form.rule(layout.parameterOf(tensor.name()));
  }

  /** How it is saved. */
  public SavedForm form() {
    return form;
  }

  /** What the base's configuration says and is not so here. */
  private Map<String, JsonNode> configChanges() {
    Map<String, JsonNode> changes = new HashMap<>();
    if (form.saveDtype() != SaveDtype.BASE) {
      JsonNode dtype = TextNode.valueOf(form.saveDtype().name().toLowerCase(Locale.ROOT));
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
