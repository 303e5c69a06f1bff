package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model's weights between files and memory. Frozen ones are in the compute's precision, where
 * possible the file's own pages; trained ones, and adapters, have float32 masters.
 */
public final class Weights implements AutoCloseable {
  private final Devices devices;
  private final ModelLayout layout;
  private final Precision precision;
  private final RowViews rowViews;
  private final Masters masters;
  private final ModelTensors tensors;
  private final Checkpoint start;
  private @Nullable Map<String, NDArray> reference;
  private Trainable trainable;
  private Checkpoint atRest;

  private Weights(
      Devices devices,
      Checkpoint checkpoint,
      ModelLayout layout,
      Trainable trainable,
      Precision precision) {
    this.devices = devices;
    this.layout = layout;
    this.precision = precision;
    this.rowViews = new RowViews(devices.manager(devices.ofEmbedding()));
    this.masters = new Masters(devices.manager(devices.ofEmbedding()));
    this.tensors = new ModelTensors(masters);
    this.trainable = trainable;
    this.start = checkpoint;
    this.atRest = checkpoint;
  }

  static Weights load(
      Devices devices,
      Checkpoint checkpoint,
      ModelLayout layout,
      Trainable trainable,
      Precision precision)
      throws IOException {
    Weights weights = new Weights(devices, checkpoint, layout, trainable, precision);
    Adapters adapters = trainable.adapters();
    for (Parameter parameter : layout.parameters()) {
      TensorInfo tensor = checkpoint.find(parameter.name()).orElseThrow();
      if (trainable.tensors().contains(parameter.name())) {
        weights.train(tensor);
      } else {
        weights.freeze(tensor);
      }
      if (adapters.adapt(parameter.name())) {
        NDManager owner = devices.ofMaster(parameter.name());
        Parameter a = adapters.a(parameter);
        Parameter b = adapters.b(parameter);
        weights.train(a.name(), adapters.firstA(owner, a));
        weights.train(b.name(), adapters.firstB(owner, b));
      }
    }
    return weights;
  }

  /** What the model computes with. */
  ModelTensors tensors() {
    return tensors;
  }

  /** What is trained; writing to masters trains the model. */
  public TrainedTensors trained() {
    return tensors.trained();
  }

  /** What of the model is trained. */
  public Trainable trainable() {
    return trainable;
  }

  /** Where the tensors lie that are frozen now; of those that are trained, where they began. */
  public Checkpoint atRest() {
    return atRest;
  }

  /** The values of a trained tensor, rounded to a precision when they are written. */
  public NewTensor toWrite(TrainedTensor tensor, Precision saved, RoundingRule rule) {
    TensorStore store = storeOf(tensor.name());
    return new NewTensor(
        saved.elementType(),
        channel -> {
          try (NDManager scratch = devices.ofMaster(tensor.name()).newSubManager()) {
            store.toWrite(tensor.master().values(scratch), saved, rule).bytes().writeTo(channel);
          }
        });
  }

  /** Gives a trained tensor the values of one at rest; a copy of its master stays as it is. */
  public void read(TensorInfo values, TrainedTensor into) throws IOException {
    if (into.master() instanceof Master.Whole whole) {
      storeOf(into.name()).read(values, whole.array());
      return;
    }
    try (NDManager scratch = devices.ofMaster(into.name()).newSubManager()) {
      NDArray found = storeOf(into.name()).writable(scratch, values, Precision.FLOAT32);
      into.master().set(found);
    }
  }

  /** The values of a trained tensor's master as they are now, in halves of their own. */
  public Master.Halves newHalves(TrainedTensor tensor, NDManager owner) {
    return masters.halves(tensor.master().values(owner), owner);
  }

  /** Moves a parameter between where it is, or where its master is, and files. */
  public TensorStore storeOf(String parameter) {
    return devices.storeOfMaster(parameter);
  }

  /**
   * Trains other tensors from now on; adapters stay. Masters that stay keep their values to the
   * bit, and their optimiser's states. What leaves is loaded as a frozen tensor, what enters as a
   * master; both, and what is frozen and lies elsewhere now, has its values from the checkpoint.
   * Each array is freed before the one that takes its place is made.
   *
   * <p>Where a reference is kept, what enters has its first values there too.
   *
   * @param present the weights as they stand, the tensors of the model's own checkpoint
   * @param next what is trained, all rows of it
   */
  void retarget(Checkpoint present, Trainable next) throws IOException {
    // Copies of masters may still be on their way.
    devices.await();
    Set<String> stays = next.tensors();
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      boolean isWhereItWas =
          !trained().contains(name) && atRest.find(name).equals(present.find(name));
      if (!stays.contains(name) && !isWhereItWas) {
        tensors.free(name);
        freeze(present.find(name).orElseThrow());
      }
    }
    trainable = next;
    // What left has made room for them.
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      if (stays.contains(name) && !trained().contains(name)) {
        tensors.free(name);
        train(present.find(name).orElseThrow());
      }
    }
    trained().forEach(tensor -> tensor.setRateFactor(next.rateFactor(tensor.name())));
    trained().order(namesInOrder());
    atRest = present;
    if (reference != null) {
      addTo(reference);
    }
  }

  /**
   * Keeps the model as it was loaded, whatever has become of it since: what is frozen serves both,
   * and of each tensor that is trained, now or at any time later, the reference has an array of its
   * own in the compute's dtype, on the CPU the file's own pages where they are of that dtype.
   * Without effect where it is kept already.
   */
  void keepReference() throws IOException {
    if (reference == null) {
      Map<String, NDArray> kept = new HashMap<>();
      addTo(kept);
      reference = kept;
    }
  }

  private void addTo(Map<String, NDArray> kept) throws IOException {
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      boolean asItWas = !trained().contains(name) && atRest.find(name).equals(start.find(name));
      if (!asItWas && !kept.containsKey(name)) {
        kept.put(name, untrained(start.find(name).orElseThrow()));
      }
    }
  }

  /** Shows the kept reference while something is computed. */
  <T> T showingReference(Supplier<T> computation) {
    @Nullable Map<String, NDArray> kept = reference;
    if (kept == null) {
      throw new IllegalStateException("no reference is kept");
    }
    return tensors.showing(
        (name, owner) -> name.endsWith(Adapters.B) ? zeros(name, owner) : kept.get(name),
        computation);
  }

  /** To be called when a master has new values: what the model computes with follows it. */
  public void masterChanged(TrainedTensor tensor) {
    if (tensor.hasCopy()) {
      try (NDManager scratch = devices.ofMaster(tensor.name()).newSubManager()) {
        NDArray values = tensor.master().values(scratch);
        devices.store(tensor.device()).overwrite(tensor.compute(), values);
      }
    }
  }

  /**
   * A weight with its adapter merged, {@code W + scale * B A}, float32.
   *
   * @param weight of a module that is adapted, at rest
   */
  public NDArray merged(TensorInfo weight, NDManager owner) throws IOException {
    String module = Adapters.module(weight.name());
    NDArray merged = storeOf(weight.name()).writable(owner, weight, Precision.FLOAT32);
    try (NDManager scratch = owner.newSubManager()) {
      NDArray a = trained().get(module + Adapters.A).master().values(scratch);
      NDArray b = trained().get(module + Adapters.B).master().values(scratch);
      NDArray product = b.matMul(a);
      product.attach(scratch);
      product.muli(trainable.adapters().scale());
      return merged.addi(product);
    }
  }

  /**
   * Shows the model as it would be saved now, until {@link #showAsTheyAre}: what has fewer bits
   * when it is saved is rounded, and adapters are merged. Each is made for the moment that it is
   * needed in.
   *
   * @param form how it is saved
   */
  public void showSaved(SavedForm form) {
    tensors.show((name, owner) -> saved(form, name, owner));
  }

  /** Shows the model as it is trained. */
  public void showAsTheyAre() {
    tensors.show(null);
  }

  private @Nullable NDArray saved(SavedForm form, String name, NDManager owner) {
    Adapters adapters = trainable.adapters();
    Optional<TensorInfo> resting = atRest.find(name);
    if (resting.isEmpty()) {
      // An adapter is in the weight that it is merged into. Without its B it adds 0 to it.
      return name.endsWith(Adapters.B) ? zeros(name, owner) : null;
    }
    Precision precisionSaved = form.precision(name);
    Optional<TrainedTensor> now = trained().find(name);
    if (now.isEmpty() && !adapters.adapt(name) && holds(precisionSaved, resting.get())) {
      return null;
    }
    if (now.isPresent() && precisionSaved == Precision.FLOAT32) {
      return null;
    }
    TensorStore store = storeOf(name);
    try (NDManager scratch = owner.newSubManager()) {
      NDArray exact =
          adapters.adapt(name)
              ? merged(resting.get(), scratch)
              : now.isPresent()
                  ? now.get().master().values(scratch)
                  : store.writable(scratch, resting.get(), Precision.FLOAT32);
      // What was not trained has no small updates to keep.
      RoundingRule rule =
          now.isPresent() || adapters.adapt(name) ? form.rule(name) : RoundingRule.NEAREST;
      NDArray rounded = store.rounded(scratch, exact, precisionSaved, rule);
      return devices.store(devices.of(name)).copy(owner, rounded, precision);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An adapter's B that adds nothing to its weight. */
  private NDArray zeros(String name, NDManager owner) {
    NDArray b = tensors.get(name);
    return owner.zeros(b.getShape(), DataType.FLOAT32, b.getDevice());
  }

  /** Whether a precision holds the values of a tensor at rest. */
  private static boolean holds(Precision saved, TensorInfo resting) {
    return saved == Precision.FLOAT32 || saved.elementType() == resting.type();
  }

  @Override
  public void close() {
    rowViews.close();
    masters.close();
  }

  private void freeze(TensorInfo tensor) throws IOException {
    tensors.freeze(tensor.name(), untrained(tensor));
  }

  private NDArray untrained(TensorInfo tensor) throws IOException {
    int device = devices.of(tensor.name());
    return devices.store(device).frozen(devices.manager(device), tensor, precision);
  }

  private void train(TensorInfo tensor) throws IOException {
    String name = tensor.name();
    NDArray values =
        devices.storeOfMaster(name).writable(devices.ofMaster(name), tensor, Precision.FLOAT32);
    // By what the phase began with: the same wherever the values have come to lie since.
    TensorInfo first = start.find(name).orElseThrow();
    if (!devices.mastersOnHost() && inHalves(first, precision)) {
      try (values) {
        int device = devices.of(name);
        Master halves = masters.halves(values, devices.manager(device));
        enter(trained(name, device, halves, halves.upper()));
      }
    } else {
      train(name, values);
    }
  }

  /**
   * Whether the master of a tensor is in halves where it is with the model: its upper one is then
   * what a frozen tensor would be, to the bit. Values that lie exactly between two of bfloat16,
   * which the halves round otherwise, come in tensors of other dtypes only.
   *
   * @param compute the compute's precision
   */
  public static boolean inHalves(TensorInfo tensor, Precision compute) {
    return compute == Precision.BFLOAT16 && tensor.type() == ElementType.BF16;
  }

  /**
   * Trains a tensor whose master is one array.
   *
   * @param values its first ones, which are taken over
   */
  private void train(String name, NDArray values) {
    int device = devices.of(name);
    NDArray compute =
        devices.mastersOnHost()
            ? devices.store(device).copy(devices.manager(device), values, precision)
            : values;
    enter(trained(name, device, new Master.Whole(values), compute));
  }

  private void enter(TrainedTensor whole) {
    @Nullable RowRanges rows = trainable.rows().get(whole.name());
    trained().enter(rows == null ? whole : whole.onRows(rows, rowViews));
  }

  private TrainedTensor trained(String name, int device, Master master, NDArray compute) {
    return new TrainedTensor(name, device, trainable.rateFactor(name), master, compute);
  }

  /** All that can be trained, in the order of the forward pass. */
  private List<String> namesInOrder() {
    List<String> names = new ArrayList<>();
    Adapters adapters = trainable.adapters();
    for (Parameter parameter : layout.parameters()) {
      names.add(parameter.name());
      if (adapters.adapt(parameter.name())) {
        names.add(adapters.a(parameter).name());
        names.add(adapters.b(parameter).name());
      }
    }
    return names;
  }
}
