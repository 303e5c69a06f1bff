package dev.polyphase.rescanner;

import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Computes singular values only of tensors whose content was not seen before. While one tensor is
 * decomposed, the next is read and its digest taken, and where it is new it is begun.
 */
public final class CachedSingularValues implements SingularValues {
  /**
   * One for the tensor that is waited for, one for the next: what is known passes at double rate.
   */
  private static final int READERS = 2;

  private final SingularValues computation;
  private final SpectrumCache cache;
  private final Consumer<String> notes;
  private final Map<TensorInfo, Future<Entry>> expected = new HashMap<>();

  /** By digest, the tensor whose computation was begun for all of that content. */
  private final Map<String, TensorInfo> begun = new ConcurrentHashMap<>();

  private boolean keeping = true;
  private final ExecutorService readers =
      Executors.newFixedThreadPool(
          READERS,
          task -> {
            Thread thread = new Thread(task, "tensor-digest");
            thread.setDaemon(true);
            return thread;
          });

  /** What is known of a tensor: the digest of its content, and its singular values if kept. */
  private record Entry(String digest, Optional<float[]> values) {}

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
    Future<Entry> lookedUp = lookUp(tensor);
    expected.remove(tensor);
    Entry entry = SerialWorker.await(lookedUp);
    if (entry.values().isPresent()) {
      return entry.values().get();
    }
    // One of the same content may have been computed since.
    Optional<float[]> kept = cache.find(entry.digest());
    if (kept.isPresent()) {
      return kept.get();
    }
    float[] values = computation.of(begun.getOrDefault(entry.digest(), tensor));
    keep(entry.digest(), values);
    begun.remove(entry.digest());
    return values;
  }

  /** Reads it ahead, and where it is not known has its computation begin. */
  @Override
  public void expect(TensorInfo tensor) {
    Future<Entry> unused = lookUp(tensor);
  }

  @Override
  public void close() {
    readers.shutdownNow();
    computation.close();
  }

  private Future<Entry> lookUp(TensorInfo tensor) {
    return expected.computeIfAbsent(tensor, next -> readers.submit(() -> find(next)));
  }

  private Entry find(TensorInfo tensor) throws IOException {
    String digest = TensorDigest.of(tensor);
    Optional<float[]> values = cache.find(digest);
    if (values.isEmpty() && begun.putIfAbsent(digest, tensor) == null) {
      computation.expect(tensor);
    }
    return new Entry(digest, values);
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
          "what is scanned can't be kept in %s (%s); a later scan starts from the beginning"
              .formatted(cache.folder(), FileFailure.sentence(cache.folder(), e)));
    }
  }
}
