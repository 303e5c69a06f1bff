package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class UploadsTest {
  private static final int VALUES = 1 << 14;

  @Test
  void whatIsMadeOfAnArrayOutlivesIt() {
    float[] ones = new float[VALUES];
    Arrays.fill(ones, 1);
    try (NDManager manager = Libtorch.newManager("cpu");
        Uploads uploads = new Uploads(manager)) {
      List<NDArray> views = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        NDArray whole = uploads.of(manager, ones, VALUES);
        views.add(whole.get("1:"));
        whole.close();
      }

      // What Java no longer holds goes to whoever asks next.
      for (int i = 0; i < 20; i++) {
        System.gc();
        for (int j = 0; j < 50; j++) {
          ByteBuffer other = ByteBuffer.allocateDirect(VALUES * Float.BYTES);
          while (other.hasRemaining()) {
            other.put((byte) 7);
          }
        }
      }

      for (NDArray view : views) {
        assertThat(view.toFloatArray()).containsOnly(1);
      }
    }
  }
}
