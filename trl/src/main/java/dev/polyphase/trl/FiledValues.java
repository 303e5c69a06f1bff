package dev.polyphase.trl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.result.TrainedValues;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.StoredValues;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The values that a job left, float32, in files by themselves. */
final class FiledValues implements TrainedValues, AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  private final ModelLayout layout;
  private final Map<String, TensorInfo> trained;
  private final NDManager manager;
  private final TensorStore store;

  private FiledValues(ModelLayout layout, Map<String, TensorInfo> trained) {
    this.layout = layout;
    this.trained = trained;
    this.manager = Libtorch.newManager("cpu");
    this.store = new TensorStore(manager);
  }

  /**
   * Looks at all of them.
   *
   * @param digest the job's
   * @throws IOException where they are not those that were to be trained, each in its shape, or a
   *     value is no number
   */
  static FiledValues of(EngineFolder engine, String digest, ModelParts model) throws IOException {
    Path folder = engine.trained();
    JsonNode manifest = JSON.readTree(Files.readAllBytes(engine.trainedManifest()));
    if (!manifest.path("digest").asText().equals(digest)) {
      throw wrong(folder, "is another job's");
    }
    Map<String, TensorInfo> trained = new HashMap<>();
    for (JsonNode tensor : manifest.path("tensors")) {
      Path file = folder.resolve(tensor.path("file").asText());
      for (TensorInfo found : SafetensorsFile.read(file)) {
        trained.put(found.name(), found);
      }
    }
    Set<String> wanted = new TreeSet<>(model.trained().tensors());
    if (!trained.keySet().equals(wanted)) {
      Set<String> lacking = new TreeSet<>(wanted);
      lacking.removeAll(trained.keySet());
      Set<String> more = new TreeSet<>(trained.keySet());
      more.removeAll(wanted);
      throw wrong(folder, "lacks %s and has %s besides".formatted(lacking, more));
    }
    for (TensorInfo tensor : trained.values()) {
      check(folder, tensor, model);
    }
    return new FiledValues(model.layout(), trained);
  }

  private static void check(Path folder, TensorInfo tensor, ModelParts model) throws IOException {
    TensorInfo before = model.checkpoint().find(tensor.name()).orElseThrow();
    if (!tensor.shape().equals(before.shape())) {
      throw wrong(
          folder,
          "has %s in shape %s, and the model has it in %s"
              .formatted(tensor.name(), tensor.shape(), before.shape()));
    }
    if (!Double.isFinite(StoredValues.largest(tensor))) {
      throw wrong(folder, "has values of %s that are no numbers".formatted(tensor.name()));
    }
  }

  private static IOException wrong(Path folder, String what) {
    return new IOException(
        "%s %s; remove the folder %s, and the phase begins anew"
            .formatted(folder, what, folder.getParent()));
  }

  @Override
  public Optional<NewTensor> toWrite(TensorInfo tensor, SavedForm form) {
    String name = layout.parameterOf(tensor.name());
    return Optional.ofNullable(trained.get(name))
        .map(now -> store.toWrite(now, form.precision(name), form.rule(name)));
  }

  @Override
  public Optional<NDArray> values(TensorInfo tensor, NDManager owner) throws IOException {
    TensorInfo now = trained.get(tensor.name());
    return now == null
        ? Optional.empty()
        : Optional.of(store.writable(owner, now, Precision.FLOAT32));
  }

  @Override
  public TensorStore storeOf(TensorInfo tensor) {
    return store;
  }

  @Override
  public NDManager newScratch() {
    return manager.newSubManager();
  }

  @Override
  public void close() {
    store.close();
    Libtorch.close(manager);
  }
}
