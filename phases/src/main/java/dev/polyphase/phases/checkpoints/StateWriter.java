package dev.polyphase.phases.checkpoints;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects what a checkpoint holds: numbers and texts, arrays, and files that are there already.
 * The numbers are what they were when they were put; arrays are read when the checkpoint is
 * written.
 */
public final class StateWriter {
  private final ObjectNode values;
  private final Contents contents;

  /** Nothing yet. */
  public StateWriter() {
    this(JsonNodeFactory.instance.objectNode(), new Contents());
  }

  private StateWriter(ObjectNode values, Contents contents) {
    this.values = values;
    this.contents = contents;
  }

  /** The state of a part, whose names are its own. */
  public StateWriter part(String name) {
    return new StateWriter(values.putObject(name), contents);
  }

  public void put(String name, long value) {
    values.put(name, value);
  }

  /** A number to the last bit; JSON has no word for what is not finite, which is a text there. */
  public void put(String name, double value) {
    if (Double.isFinite(value)) {
      values.put(name, value);
    } else {
      values.put(name, Double.toString(value));
    }
  }

  public void put(String name, boolean value) {
    values.put(name, value);
  }

  public void put(String name, String value) {
    values.put(name, value);
  }

  /** Texts, in their order. */
  public void put(String name, Collection<String> texts) {
    ArrayNode list = values.putArray(name);
    texts.forEach(list::add);
  }

  /**
   * An array, bit by bit.
   *
   * @param file the safetensors file that it goes into, without its ending
   * @param name unique in that file
   * @param store of its device
   */
  public void array(String file, String name, NDArray array, TensorStore store) {
    contents
        .arrays
        .computeIfAbsent(file, f -> new ArrayList<>())
        .add(Stored.of(name, array, store));
  }

  /** A file that is there already and is not changed any more: it is linked, or else copied. */
  public void file(String name, Path existing) {
    contents.files.put(name, existing);
  }

  /** The bytes of all arrays. */
  public long arrayBytes() {
    return contents.arrays.values().stream().flatMap(List::stream).mapToLong(Stored::bytes).sum();
  }

  /**
   * Copies all arrays aside, so that training may go on while they are written.
   *
   * @param owner of the copies, on the CPU
   */
  public void copyAside(NDManager owner) {
    contents.arrays.replaceAll(
        (file, arrays) ->
            arrays.stream()
                .map(
                    stored ->
                        Stored.of(
                            stored.name,
                            stored.store.copyToHost(owner, stored.array),
                            stored.store))
                .toList());
  }

  ObjectNode values() {
    return values;
  }

  Map<String, Path> files() {
    return contents.files;
  }

  /** The arrays of each safetensors file. */
  Map<String, List<SafetensorsFile.Tensor>> arrays() {
    Map<String, List<SafetensorsFile.Tensor>> arrays = new LinkedHashMap<>();
    contents.arrays.forEach(
        (file, stored) -> arrays.put(file, stored.stream().map(Stored::tensor).toList()));
    return arrays;
  }

  /** What all parts put together into. */
  private static final class Contents {
    private final Map<String, List<Stored>> arrays = new LinkedHashMap<>();
    private final Map<String, Path> files = new LinkedHashMap<>();
  }

  /** An array, and how its bytes are written. */
  private record Stored(String name, NDArray array, TensorStore store, NewTensor values) {
    static Stored of(String name, NDArray array, TensorStore store) {
      return new Stored(name, array, store, store.exact(array));
    }

    SafetensorsFile.Tensor tensor() {
      return new SafetensorsFile.Tensor(
          name, Arrays.stream(array.getShape().getShape()).boxed().toList(), values);
    }

    long bytes() {
      return array.size() * values.type().bytes();
    }
  }
}
