package dev.polyphase.kernels;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A buffer on the CPU through which arrays go to devices and come from them. With a GPU it is
 * pinned memory, so that the GPU copies while the host goes on; it holds what the last call put
 * there. Who calls again makes sure that the devices are done with that.
 */
public final class StagingBuffer implements AutoCloseable {
  private final NDManager owner;
  private final Kernel kernel;
  private @Nullable NDArray buffer;

  /**
   * An empty buffer, which grows with what goes through it.
   *
   * @param cpu the parent of its memory, on the CPU
   * @param pinned whether it serves a GPU
   */
  public StagingBuffer(NDManager cpu, boolean pinned) {
    this.owner = cpu.newSubManager();
    this.kernel =
        Kernel.load(
            owner, StagingBuffer.class, "staging.py", Map.of("pinned", pinned ? "True" : "False"));
  }

  /**
   * Has arrays of devices copied to the CPU.
   *
   * @param arrays of any dtype
   * @param like of the dtype that they are converted to
   * @param manager the owner of the results
   * @return arrays in the buffer, whose values are there once the devices are done
   */
  public List<NDArray> bring(List<NDArray> arrays, NDArray like, NDManager manager) {
    return kernel.method("bring").with(room(arrays, like)).withList("xs", arrays).run(manager);
  }

  /**
   * Has arrays of devices overwritten with values of the CPU. These may change as soon as the call
   * is over.
   *
   * @param from on the CPU
   * @param to on devices, of the same shapes and of one dtype, to which the values are rounded
   */
  public void send(List<NDArray> from, List<NDArray> to, NDManager scratch) {
    kernel
        .method("send")
        .with(room(from, to.get(0)))
        .withList("xs", from)
        .withList("ys", to)
        .run(scratch);
  }

  @Override
  public void close() {
    kernel.close();
    owner.close();
  }

  private NDArray room(List<NDArray> arrays, NDArray like) {
    long elements = arrays.stream().mapToLong(NDArray::size).sum();
    if (buffer == null || buffer.size() < elements) {
      if (buffer != null) {
        buffer.close();
      }
      buffer = kernel.method("allocate").withNumber(elements).with(like).runForOne(owner);
    }
    return buffer;
  }
}
