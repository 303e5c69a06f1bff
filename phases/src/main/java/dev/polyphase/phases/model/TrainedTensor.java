package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.weights.RowRanges;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that a phase trains: a parameter of the model, or an adapter's A or B. It has a float32
 * master; the model computes with the master itself or its upper half, or where masters are on the
 * CPU and the model elsewhere, with a copy in the compute's dtype.
 */
public final class TrainedTensor {
  private final String name;
  private final int device;
  private double rateFactor;
  private final Master master;
  private final NDArray compute;
  private final List<TrainedPart> parts;
  private @Nullable Gradients summedIn;
  private @Nullable NDArray gradient;

  /**
   * A tensor all of whose rows are trained.
   *
   * @param name its own, or an adapter's as PEFT has it
   * @param device the index among the model's devices of the one that it is computed on
   * @param rateFactor by what the phase's learning rate is multiplied for it
   * @param master what is updated
   * @param compute what the model computes with: an array of the master's, or a copy of its shape
   */
  public TrainedTensor(String name, int device, double rateFactor, Master master, NDArray compute) {
    this.name = name;
    this.device = device;
    this.rateFactor = rateFactor;
    this.master = master;
    this.compute = compute;
    this.parts = List.of(new TrainedPart(this));
  }

  /**
   * The same tensor, of which only some rows are trained: the others keep their bits.
   *
   * @param rows which
   * @param views shows them
   */
  private TrainedTensor(TrainedTensor whole, RowRanges rows, RowViews views) {
    this.name = whole.name;
    this.device = whole.device;
    this.rateFactor = whole.rateFactor;
    this.master = whole.master;
    this.compute = whole.compute;
    this.parts = rows.ranges().stream().map(range -> new TrainedPart(this, range, views)).toList();
  }

  /**
   * This tensor with only some rows trained: the others keep their bits.
   *
   * @param rows which
   * @param views shows them, as long as the tensor is there
   */
  public TrainedTensor onRows(RowRanges rows, RowViews views) {
    return new TrainedTensor(this, rows, views);
  }

  /** Its name in checkpoints, or an adapter's as PEFT has it. */
  public String name() {
    return name;
  }

  /** The index among the model's devices of the one that it is computed on. */
  public int device() {
    return device;
  }

  /** By what the phase's learning rate is multiplied for it. */
  public double rateFactor() {
    return rateFactor;
  }

  void setRateFactor(double factor) {
    rateFactor = factor;
  }

  /** Whether weight decay is for it: norms and biases are exempt, as in Hugging Face's trainers. */
  public boolean decays() {
    return Parameter.decays(name);
  }

  /** What is updated. */
  public Master master() {
    return master;
  }

  /** Whether the model computes with a copy of the master. */
  boolean hasCopy() {
    return compute != master.upper();
  }

  /** What the model computes with: an array of the master's, or a copy in the compute's dtype. */
  public NDArray compute() {
    return compute;
  }

  /** What of it is updated: all of it as one part, or each range of rows that is trained. */
  public List<TrainedPart> parts() {
    return parts;
  }

  /**
   * Adds to the gradient of a step, and takes the array over. One alone stays of 16 bits where the
   * compute's are; a sum is float32.
   */
  void addGradient(Gradients step, NDArray more, Masters masters) {
    if (hasGradient(step) && gradient != null) {
      gradient = masters.sum(gradient, more, step.owner(device));
    } else {
      more.attach(step.owner(device));
      begin(step, more);
    }
  }

  /**
   * The gradient of a step, float32, to be added to in place: zeros where nothing was added yet.
   */
  NDArray gradientToAddTo(Gradients step, Masters masters) {
    if (hasGradient(step) && gradient != null) {
      gradient = masters.wide(gradient, step.owner(device));
      return gradient;
    }
    return begin(
        step, step.owner(device).zeros(compute.getShape(), DataType.FLOAT32, compute.getDevice()));
  }

  /** Whether it has a gradient in a step already. */
  boolean hasGradient(Gradients step) {
    return summedIn == step && gradient != null;
  }

  /** The gradient of the step that it was last a part of. */
  NDArray gradient() {
    if (gradient == null) {
      throw new IllegalStateException(name + " has no gradient");
    }
    return gradient;
  }

  private NDArray begin(Gradients step, NDArray first) {
    summedIn = step;
    gradient = first;
    step.has(this);
    return first;
  }

  /** Frees its arrays and the optimiser's states. */
  void close() {
    parts.forEach(TrainedPart::close);
    if (hasCopy()) {
      compute.close();
    }
    master.close();
  }
}
