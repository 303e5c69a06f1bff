package dev.polyphase.orchestrator.engine;

import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.weights.TensorInfo;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The work of a scan, done and to do. A decomposition's is taken to be its elements times the
 * shorter side; a tensor that several modules share is measured once.
 */
final class ScanWork {
  private final int matrices;
  private final long bytes;
  private final long total;
  private final Set<String> measured = new HashSet<>();
  private long doneBytes;
  private long done;

  /** All of it is to do. */
  ScanWork(ScanTargets targets) {
    Collection<TensorInfo> tensors = distinct(targets.targets());
    this.matrices = tensors.size();
    this.bytes = tensors.stream().mapToLong(TensorInfo::byteCount).sum();
    this.total = tensors.stream().mapToLong(ScanWork::of).sum();
  }

  /**
   * A tensor was measured.
   *
   * @return false where it had been before
   */
  boolean measured(TensorInfo tensor) {
    if (!measured.add(tensor.name())) {
      return false;
    }
    doneBytes += tensor.byteCount();
    done += of(tensor);
    return true;
  }

  long done() {
    return done;
  }

  long total() {
    return total;
  }

  int matricesDone() {
    return measured.size();
  }

  int matrices() {
    return matrices;
  }

  long bytesDone() {
    return doneBytes;
  }

  long bytes() {
    return bytes;
  }

  private static Collection<TensorInfo> distinct(List<ScanTarget> targets) {
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    targets.forEach(target -> tensors.put(target.tensor().name(), target.tensor()));
    return tensors.values();
  }

  /** At least 1, so that time left can be told of it. */
  private static long of(TensorInfo tensor) {
    List<Long> shape = tensor.shape();
    long shorter =
        shape.size() < 2 ? 1 : Math.min(shape.get(shape.size() - 1), shape.get(shape.size() - 2));
    return Math.max(1, tensor.elements() * shorter);
  }
}
