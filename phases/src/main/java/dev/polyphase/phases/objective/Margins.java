package dev.polyphase.phases.objective;

import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;

/**
 * The reward margins of the pairs of an epoch, each as the model had it when it saw the pair last:
 * the chosen completion's reward less the rejected one's.
 */
public final class Margins implements Resumable {
  /** NaN where a pair was not seen yet. */
  private final float[] last;

  /** None seen yet. */
  public Margins(int pairs) {
    this.last = new float[pairs];
    clear();
  }

  private Margins(float[] last) {
    this.last = last;
  }

  /** Forgets all. */
  public void clear() {
    Arrays.fill(last, Float.NaN);
  }

  /**
   * A pair was seen.
   *
   * @param pair its number in the epoch
   */
  public void hear(int pair, double margin) {
    last[pair] = (float) margin;
  }

  /** All as they are now. */
  public Margins copy() {
    return new Margins(last.clone());
  }

  /** Those that are known and finite, in the order of the pairs. */
  public double[] known() {
    double[] known = new double[last.length];
    int count = 0;
    for (float margin : last) {
      if (Float.isFinite(margin)) {
        known[count++] = margin;
      }
    }
    return Arrays.copyOf(known, count);
  }

  @Override
  public void save(StateWriter state) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * last.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(last);
    state.put("float32", Base64.getEncoder().encodeToString(bytes.array()));
  }

  @Override
  public void restore(StateReader state) {
    byte[] bytes = Base64.getDecoder().decode(state.text("float32"));
    if (bytes.length != 4 * last.length) {
      throw new InputException(
          Place.in(state.folder().toString()),
          "this checkpoint has the margins of %,d pairs, but there are %,d; remove the folder %s, and the phase starts anew"
              .formatted(bytes.length / 4, last.length, state.folder().getParent()));
    }
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(last);
  }
}
