package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.io.IOException;

/** A device of which {@link FasterSingularValues} asks how long it takes for a matrix. */
interface TimedDevice extends SingularValues {

  /** As sentences call it: {@code the CPU} or {@code cuda:N}. */
  String spokenName();

  /**
   * The singular values by the way that the device has for the shape, whatever rounding may do: its
   * time is that of most matrices of the shape.
   */
  float[] quickly(TensorInfo tensor) throws IOException;

  /**
   * Waits for all that was begun ahead, so that what is timed next has the device for itself. What
   * failed says so when it is asked for.
   */
  void finishBegun() throws IOException;

  /**
   * What {@link #of} makes of what {@link #quickly} found: the same, or where rounding could decide
   * otherwise what the published method finds.
   */
  float[] settled(TensorInfo tensor, float[] quick) throws IOException;
}
