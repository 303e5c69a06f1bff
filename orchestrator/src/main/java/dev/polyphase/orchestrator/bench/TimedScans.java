package dev.polyphase.orchestrator.bench;

import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.List;

/**
 * Scans of one method, of which the fastest counts: the one that other programs disturbed least.
 */
final class TimedScans {
  private long fastestNanos = Long.MAX_VALUE;

  /** Scans once more. */
  List<ModuleSnr> scan(Checkpoint checkpoint, SingularValues values) throws IOException {
    long startNanos = System.nanoTime();
    List<ModuleSnr> snrs = scanUntimed(checkpoint, values);
    fastestNanos = Math.min(fastestNanos, System.nanoTime() - startNanos);
    return snrs;
  }

  /** Scans without counting it. */
  static List<ModuleSnr> scanUntimed(Checkpoint checkpoint, SingularValues values)
      throws IOException {
    return Rescanner.scan(checkpoint, List.of("all"), values, (module, done, total) -> {}).snrs();
  }

  double seconds() {
    return fastestNanos / 1e9;
  }
}
