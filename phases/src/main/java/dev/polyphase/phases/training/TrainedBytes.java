package dev.polyphase.phases.training;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.model.Parameter;
import java.util.Set;

/**
 * The bytes of what there is of a trained parameter beside its optimiser's states: one place for
 * the dtypes of all of it.
 *
 * @param precision of the compute
 * @param mastersOnHost whether masters are on the CPU, and the model computes with copies
 * @param halved the parameters whose masters are in halves where they are with the model
 * @param summed the parameters whose gradients are sums, of several passes or of parts of one
 */
record TrainedBytes(
    Precision precision, boolean mastersOnHost, Set<String> halved, Set<String> summed) {
  /** float32, or two halves. */
  private static final int MASTER_BYTES = 4;

  /** Its master. */
  long master(Parameter parameter) {
    return parameter.values() * MASTER_BYTES;
  }

  /** Its gradient: of the dtype that the model computes with, and float32 where it is a sum. */
  long gradient(Parameter parameter) {
    boolean asComputed = isComputedAsItIs(parameter) && !summed.contains(parameter.name());
    return asComputed ? copy(parameter) : parameter.values() * Float.BYTES;
  }

  /** What the model computes with where masters are on the CPU. */
  long copy(Parameter parameter) {
    return parameter.values() * precision.elementType().bytes();
  }

  /** What a kernel makes of a master of another dtype than the compute's; 0 where it needs not. */
  long converted(Parameter parameter) {
    return isComputedAsItIs(parameter) ? 0 : copy(parameter);
  }

  /** Whether what the model has of it is of the compute's dtype. */
  private boolean isComputedAsItIs(Parameter parameter) {
    return precision == Precision.FLOAT32 || mastersOnHost || halved.contains(parameter.name());
  }
}
