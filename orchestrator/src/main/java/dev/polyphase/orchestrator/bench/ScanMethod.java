package dev.polyphase.orchestrator.bench;

import dev.polyphase.rescanner.CachedSingularValues;
import dev.polyphase.rescanner.FasterSingularValues;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SpectrumCache;
import dev.polyphase.rescanner.WholeModelSingularValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/** The two ways to scan that are compared. */
public enum ScanMethod {
  /** As {@code scan} does, with a cache. */
  OURS {
    @Override
    SingularValues open(Checkpoint checkpoint, String device, Path cache, Consumer<String> notes) {
      return new CachedSingularValues(
          FasterSingularValues.open(device, device.equals("auto"), notes),
          new SpectrumCache(cache),
          notes);
    }
  },
  /** float32 {@code svdvals} of every matrix, the whole model in memory. */
  REFERENCE {
    @Override
    SingularValues open(Checkpoint checkpoint, String device, Path cache, Consumer<String> notes)
        throws IOException {
      return new WholeModelSingularValues(device, checkpoint.tensors());
    }
  };

  /**
   * Loads what the method needs.
   *
   * @param cache the folder of the cache; the reference has none
   * @param notes is told of what goes wrong with it, and which device was faster
   */
  abstract SingularValues open(
      Checkpoint checkpoint, String device, Path cache, Consumer<String> notes) throws IOException;
}
