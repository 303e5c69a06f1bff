package dev.polyphase.orchestrator.engine;

import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The work of a scan, done and to do, as {@link ScanTarget#work} counts it; a tensor that several
 * modules share is measured once.
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
    Collection<ScanTarget> tensors = distinct(targets.targets());
    this.matrices = tensors.size();
    this.bytes = tensors.stream().mapToLong(target -> target.tensor().byteCount()).sum();
    this.total = tensors.stream().mapToLong(ScanTarget::work).sum();
  }

  /**
   * A module was measured.
   *
   * @return false where its tensor had been before
   */
  boolean measured(ScanTarget target) {
    if (!measured.add(target.tensor().name())) {
      return false;
    }
    doneBytes += target.tensor().byteCount();
    done += target.work();
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

  private static Collection<ScanTarget> distinct(List<ScanTarget> targets) {
    Map<String, ScanTarget> tensors = new LinkedHashMap<>();
    targets.forEach(target -> tensors.put(target.tensor().name(), target));
    return tensors.values();
  }
}
