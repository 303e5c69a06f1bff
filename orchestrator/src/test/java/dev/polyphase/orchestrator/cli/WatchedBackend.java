package dev.polyphase.orchestrator.cli;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.List;

/** What is shipped, with someone who does something to the world at moments of a run. */
final class WatchedBackend {
  private WatchedBackend() {}

  /** The moments; what is to be done at them, or nothing. */
  interface Moments {
    /** A matrix is about to be decomposed, as it is not known yet. */
    default void decomposing() {}

    /** A row of metrics is about to be logged. */
    default void logging(String phase, MetricsRow row, PhaseListener listener) {}

    /** A checkpoint is complete. */
    default void saved(String phase, SavedCheckpoint checkpoint) {}

    /** The model of a phase is there, and nobody has been told yet. */
    default void trained(String phase) {}
  }

  static Backend of(Moments moments) {
    Backend shipped = Backend.shipped();
    return new Backend(
        (phase, rows) -> watched(shipped.trainers().apply(phase, rows), moments),
        shipped.jobs(),
        (device, orCpu, notes) ->
            new WatchedValues(shipped.singularValues().open(device, orCpu, notes), moments),
        shipped.newModels(),
        shipped.scorer());
  }

  private static PhaseTrainer watched(PhaseTrainer trainer, Moments moments) {
    return (request, reading) -> {
      String phase = request.phase().name();
      return new WatchedPhase(trainer.prepare(request, reading), phase, moments);
    };
  }

  private record WatchedPhase(PreparedPhase prepared, String phase, Moments moments)
      implements PreparedPhase {
    @Override
    public PhasePlan plan() {
      return prepared.plan();
    }

    @Override
    public RowHashes rows() {
      return prepared.rows();
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      PhaseResult result = prepared.train(start, new WatchedListener(listener, phase, moments));
      moments.trained(phase);
      return result;
    }
  }

  private record WatchedListener(PhaseListener listener, String phase, Moments moments)
      implements PhaseListener {
    @Override
    public void resumed(long step, long rows) {
      listener.resumed(step, rows);
    }

    @Override
    public long inCommon(List<MetricsRow> rows) {
      return listener.inCommon(rows);
    }

    @Override
    public void metrics(MetricsRow row) {
      moments.logging(phase, row, listener);
      listener.metrics(row);
    }

    @Override
    public void note(String sentence) {
      listener.note(sentence);
    }

    @Override
    public boolean stopRequested() {
      return listener.stopRequested();
    }

    @Override
    public boolean saveRequested() {
      return listener.saveRequested();
    }

    @Override
    public void saved(SavedCheckpoint checkpoint) {
      listener.saved(checkpoint);
      moments.saved(phase, checkpoint);
    }

    @Override
    public void finishing(PhaseResult result) {
      listener.finishing(result);
    }
  }

  private record WatchedValues(SingularValues values, Moments moments) implements SingularValues {
    @Override
    public float[] of(TensorInfo tensor) throws IOException {
      moments.decomposing();
      return values.of(tensor);
    }

    @Override
    public void expect(TensorInfo tensor) {
      values.expect(tensor);
    }

    @Override
    public void close() {
      values.close();
    }
  }
}
