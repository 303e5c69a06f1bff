package dev.polyphase.rescanner;

import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
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
  private final List<SpectrumCache> others;
  private final boolean mustKeep;
  private final Consumer<String> notes;
  private final Map<TensorInfo, Future<Entry>> expected = new HashMap<>();

  /** By digest, the tensor whose computation was begun for all of that content. */
  private final Map<String, TensorInfo> begun = new ConcurrentHashMap<>();

  /** Files that could not be used, to be told of on the scanning thread. */
  private final Queue<Path> damaged = new ConcurrentLinkedQueue<>();

  private final Set<Path> toldDamaged = new HashSet<>();
  private boolean keeping = true;
  private int computed;
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
   * @param notes is told once, in a sentence, where the cache can't be written: the scan goes on;
   *     and of the first file of a cache that is damaged
   */
  public CachedSingularValues(
      SingularValues computation, SpectrumCache cache, Consumer<String> notes) {
    this(computation, cache, List.of(), notes);
  }

  /**
   * A computation before which several caches are asked.
   *
   * @param computation what computes; it is closed with this one
   * @param cache is asked first, and keeps what is computed
   * @param others are asked next; nothing is written to them
   * @param notes as of a single cache
   */
  public CachedSingularValues(
      SingularValues computation,
      SpectrumCache cache,
      List<SpectrumCache> others,
      Consumer<String> notes) {
    this(computation, cache, others, false, notes);
  }

  private CachedSingularValues(
      SingularValues computation,
      SpectrumCache cache,
      List<SpectrumCache> others,
      boolean mustKeep,
      Consumer<String> notes) {
    this.computation = computation;
    this.cache = cache;
    this.others = List.copyOf(others);
    this.mustKeep = mustKeep;
    this.notes = notes;
  }

  /**
   * For a scan that is made for what it keeps: where the cache can't be written, it fails.
   *
   * @param computation what computes; it is closed with this one
   * @param notes is told of the first file of the cache that is damaged
   */
  public static CachedSingularValues filling(
      SingularValues computation, SpectrumCache cache, Consumer<String> notes) {
    return new CachedSingularValues(computation, cache, List.of(), true, notes);
  }

  /** How many tensors were computed so far, as they were in no cache. */
  public int computed() {
    return computed;
  }

  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    Future<Entry> lookedUp = lookUp(tensor);
    expected.remove(tensor);
    Entry entry = SerialWorker.await(lookedUp);
    tellOfDamage();
    if (entry.values().isPresent()) {
      return entry.values().get();
    }
    // One of the same content may have been computed since.
    Optional<float[]> kept = kept(entry.digest());
    if (kept.isPresent()) {
      return kept.get();
    }
    float[] values = computation.of(begun.getOrDefault(entry.digest(), tensor));
    computed++;
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
    Optional<float[]> values = kept(digest);
    if (values.isEmpty() && begun.putIfAbsent(digest, tensor) == null) {
      computation.expect(tensor);
    }
    return new Entry(digest, values);
  }

  private Optional<float[]> kept(String digest) {
    Optional<float[]> values = cache.find(digest, damaged::add);
    for (SpectrumCache other : others) {
      if (values.isPresent()) {
        break;
      }
      values = other.find(digest, damaged::add);
    }
    return values;
  }

  /** Of each folder once: where one file is damaged, many may be. */
  private void tellOfDamage() {
    for (Path file = damaged.poll(); file != null; file = damaged.poll()) {
      if (toldDamaged.add(file.resolveSibling(""))) {
        notes.accept(
            "%s is damaged or can't be read; its singular values, and those of any other such file beside it, are computed anew"
                .formatted(file));
      }
    }
  }

  private void keep(String digest, float[] values) throws IOException {
    if (!keeping) {
      return;
    }
    try {
      cache.keep(digest, values);
    } catch (IOException e) {
      if (mustKeep) {
        throw e;
      }
      keeping = false;
      notes.accept(
          "what is scanned can't be kept in %s (%s); a later scan starts from the beginning"
              .formatted(cache.folder(), FileFailure.sentence(cache.folder(), e)));
    }
  }
}
