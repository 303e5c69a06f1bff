package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DataCounts;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PlaceNeed;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.phases.api.ReadingListener;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Another way to train: adds the learning rate to every value that may change, in as many steps as
 * the phase has, the rate in equal parts. It reads and writes real checkpoints; tests of the engine
 * need no gradients.
 */
public final class AddingTrainer implements PhaseTrainer {

  @Override
  public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) {
    request
        .phase()
        .datasets()
        .forEach(
            dataset -> {
              if (!Files.isRegularFile(request.folder().resolve(dataset.path()))) {
                throw new InputException(dataset.path() + ": there is no such file");
              }
            });
    return new Prepared(request, plan(request));
  }

  private static PhasePlan plan(PhaseRequest request) {
    long steps = steps(request);
    int trained = request.start().trainable().size();
    return new PhasePlan(
        DataCounts.whole(1, 1),
        null,
        List.of(),
        0,
        steps,
        0,
        steps * 10,
        new Reach(1, steps, steps, 1, 1, "float32"),
        trained,
        trained,
        new Compute("addition", "cpu", "float32", "it needs no library"),
        new MemoryEstimate(1, 1, 0, 0, 0, 0, null, 0, 0, false),
        List.of(new PlaceNeed("cpu", 0, 1, 0)),
        0,
        0);
  }

  /** A phase that another trainer trains in its own way. */
  record Otherwise(PhasePlan plan, Training training) implements PreparedPhase {
    @FunctionalInterface
    interface Training {
      PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException;
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      return training.train(start, listener);
    }
  }

  private record Prepared(PhaseRequest request, PhasePlan plan) implements PreparedPhase {
    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      return trained(request.from(start), listener);
    }
  }

  private static PhaseResult trained(PhaseRequest request, PhaseListener listener)
      throws IOException {
    long steps = steps(request);
    for (long step = 1; step <= steps; step++) {
      if (listener.stopRequested()) {
        throw new InterruptedTrainingException(step - 1);
      }
      Map<String, Number> values = new LinkedHashMap<>();
      values.put("step", step);
      values.put("epoch", step / (double) steps);
      values.put("loss", 1.0 / step);
      values.put("grad_norm", Double.NaN);
      values.put("learning_rate", request.phase().learningRates().highest());
      values.put("num_tokens", step * 10);
      listener.metrics(new MetricsRow(step, steps, values));
    }
    listener.note("every value moved");

    Checkpoint base = Checkpoint.open(request.start().checkpoint());
    Map<String, NewTensor> trained = new HashMap<>();
    long count = 0;
    for (String name : request.start().trainable()) {
      TensorInfo tensor = base.find(name).orElseThrow();
      ByteBuffer bytes = Floats.read(tensor);
      for (int i = 0; i < bytes.capacity(); i += Float.BYTES) {
        bytes.putFloat(i, bytes.getFloat(i) + (float) request.phase().learningRates().highest());
      }
      trained.put(name, new NewTensor(tensor.type(), channel -> channel.write(bytes)));
      count += tensor.elements();
    }
    CheckpointWriter.write(base, request.result(), trained, Map.of());
    return new PhaseResult(
        steps,
        steps * 10,
        trained.size(),
        count,
        count,
        count,
        0.5,
        DataCounts.whole(1, 1),
        null,
        null);
  }

  private static long steps(PhaseRequest request) {
    return request.phase().length().maxSteps().orElse(2);
  }
}
