package dev.polyphase.phases.checkpoints;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a checkpoint holds, as {@link StateWriter} took it. */
public final class StateReader {
  private final Path folder;
  private final JsonNode values;
  private final Map<String, Map<String, TensorInfo>> arrays;

  StateReader(Path folder, JsonNode values) {
    this(folder, values, new HashMap<>());
  }

  private StateReader(Path folder, JsonNode values, Map<String, Map<String, TensorInfo>> arrays) {
    this.folder = folder;
    this.values = values;
    this.arrays = arrays;
  }

  /** Where the checkpoint is. */
  public Path folder() {
    return folder;
  }

  /** The state of a part. */
  public StateReader part(String name) {
    return new StateReader(folder, get(name), arrays);
  }

  /** Whether there is a value or a part of that name. */
  public boolean has(String name) {
    return values.hasNonNull(name);
  }

  /** The names of its values and parts, in the order of putting. */
  public List<String> names() {
    List<String> names = new ArrayList<>();
    values.fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** The texts of a list. */
  public List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    get(name).forEach(text -> texts.add(text.textValue()));
    return texts;
  }

  public long number(String name) {
    return get(name).longValue();
  }

  public double real(String name) {
    JsonNode value = get(name);
    return value.isTextual() ? Double.parseDouble(value.textValue()) : value.doubleValue();
  }

  public boolean flag(String name) {
    return get(name).booleanValue();
  }

  public String text(String name) {
    return get(name).textValue();
  }

  public JsonNode get(String name) {
    @Nullable JsonNode value = values.get(name);
    if (value == null) {
      throw new InputException(
          Place.in(folder.toString()),
          "this checkpoint lacks \"" + name + "\"; another version of Polyphase wrote it");
    }
    return value;
  }

  /** Whether there are arrays whose names begin so. */
  public boolean hasArrays(String file, String beginning) throws IOException {
    return arrays(file).keySet().stream().anyMatch(name -> name.startsWith(beginning));
  }

  /**
   * Overwrites an array with the one of that name, bit by bit.
   *
   * @param store of its device
   */
  public void read(String file, String name, NDArray into, TensorStore store) throws IOException {
    @Nullable TensorInfo found = arrays(file).get(name);
    if (found == null) {
      throw new InputException(
          Place.in(folder.toString()),
          "this checkpoint lacks the array " + name + "; another version of Polyphase wrote it");
    }
    store.read(found, into);
  }

  /** A file that was put, in the checkpoint's folder. */
  public Path file(String name) {
    return folder.resolve(name);
  }

  /** Whether a file was put. */
  public boolean hasFile(String name) {
    return Files.exists(file(name));
  }

  private Map<String, TensorInfo> arrays(String file) throws IOException {
    @Nullable Map<String, TensorInfo> known = arrays.get(file);
    if (known == null) {
      known = new HashMap<>();
      Path path = folder.resolve(file + StoredFiles.SAFETENSORS);
      if (Files.exists(path)) {
        for (TensorInfo tensor : SafetensorsFile.read(path)) {
          known.put(tensor.name(), tensor);
        }
      }
      arrays.put(file, known);
    }
    return known;
  }
}
