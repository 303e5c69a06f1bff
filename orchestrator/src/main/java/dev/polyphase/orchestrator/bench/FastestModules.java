package dev.polyphase.orchestrator.bench;

import dev.polyphase.pipelines.Targeting;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The shortest time that each module took over several scans. */
final class FastestModules {
  private final Map<String, Long> nanoseconds = new HashMap<>();
  private long lastEnd;

  /** Scans once more; a module's time is all that passes from the end of the one before. */
  List<ModuleSnr> scan(Checkpoint checkpoint, SingularValues values) throws IOException {
    lastEnd = System.nanoTime();
    return Rescanner.scan(
            checkpoint,
            Targeting.PROJECTIONS,
            values,
            (module, done, total) -> {
              long now = System.nanoTime();
              nanoseconds.merge(module.target().module().text(), now - lastEnd, Math::min);
              lastEnd = now;
            })
        .snrs();
  }

  /** The sum over all modules. */
  double seconds() {
    return nanoseconds.values().stream().mapToLong(Long::longValue).sum() / 1e9;
  }
}
