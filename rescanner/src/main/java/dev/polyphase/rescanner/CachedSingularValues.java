package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Computes singular values only of tensors whose content was not seen before. While one tensor is
 * decomposed, the next is read and its digest taken.
 */
public final class CachedSingularValues implements SingularValues {
  /**
   * One for the tensor that is waited for, one for the next: what is known passes at double rate.
   */
  private static final int READERS = 2;

  private final SingularValues computation;
  private final SpectrumCache cache;
  private final Consumer<String> notes;
  private final Map<TensorInfo, Future<String>> expected = new HashMap<>();
  private boolean keeping = true;
  private final ExecutorService readers =
      Executors.newFixedThreadPool(
          READERS,
          task -> {
            Thread thread = new Thread(task, "tensor-digest");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * A computation before which a cache is asked.
   *
   * @param computation what computes; it is closed with this one
   * @param notes is told once, in a sentence, where the cache can't be written: the scan goes on
   */
  public CachedSingularValues(
      SingularValues computation, SpectrumCache cache, Consumer<String> notes) {
    this.computation = computation;
    this.cache = cache;
    this.notes = notes;
  }

  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    Future<String> reading = digestOf(tensor);
    expected.remove(tensor);
    String digest = await(reading);
    Optional<float[]> known = cache.find(digest);
    if (known.isPresent()) {
      return known.get();
    }
    float[] values = computation.of(tensor);
    keep(digest, values);
    return values;
  }

  @Override
  public void expect(TensorInfo tensor) {
    Future<String> unused = digestOf(tensor);
  }

  @Override
  public void close() {
    readers.shutdownNow();
    computation.close();
  }

  private Future<String> digestOf(TensorInfo tensor) {
    return expected.computeIfAbsent(tensor, next -> readers.submit(() -> TensorDigest.of(next)));
  }

  private void keep(String digest, float[] values) {
    if (!keeping) {
      return;
    }
    try {
      cache.keep(digest, values);
    } catch (IOException e) {
      keeping = false;
      notes.accept(
          "what is scanned can't be kept in "
              + cache.folder()
              + " ("
              + e.getMessage()
              + "); a later scan starts from the beginning");
    }
  }

  private static String await(Future<String> digest) throws IOException {
    try {
      return digest.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the scan was interrupted");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    }
  }
}
