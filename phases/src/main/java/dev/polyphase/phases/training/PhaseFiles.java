package dev.polyphase.phases.training;

import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The files beside a phase's result that its model reads while it trains, and none in the end. */
final class PhaseFiles implements AutoCloseable {
  private final PresentWeights present;
  private final @Nullable BestWeights best;

  /**
   * No files yet.
   *
   * @param base what the phase begins with
   */
  PhaseFiles(PhaseRequest request, Checkpoint base) {
    this.present = new PresentWeights(request.result(), base);
    this.best =
        request.phase().evaluation().loadBestModelAtEnd()
            ? new BestWeights(request.result().resolveSibling("best-weights.safetensors"), base)
            : null;
  }

  /** What is trained no more. */
  PresentWeights present() {
    return present;
  }

  /** The weights of the best evaluation; null where the last ones are the result. */
  @Nullable BestWeights best() {
    return best;
  }

  @Override
  public void close() throws IOException {
    present.close();
    if (best != null) {
      best.close();
    }
  }
}
