package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Another way to train: adds the learning rate to every value that may change, in as many steps as
 * the phase has, the rate in equal parts. It reads and writes real checkpoints, and goes on from
 * them to the bit; tests of the engine need no gradients.
 *
 * @param saveEvery the steps between two checkpoints; 0 for none but where one is asked for
 */
public record AddingTrainer(long saveEvery) implements PhaseTrainer {

  /** A trainer that keeps its state where it is asked to, or to stop. */
  public AddingTrainer() {
    this(0);
  }

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
    return new Prepared(this, request, plan(request));
  }

  private static PhasePlan plan(PhaseRequest request) {
    return plan(steps(request), request.start().trainable().size());
  }

  /** A plan of so many steps that train so many values. */
  static PhasePlan plan(long steps, long trained) {
    return new PhasePlan(
        DataCounts.whole(1, 1),
        null,
        List.of(),
        Map.of(),
        List.of(),
        List.of(),
        0,
        steps,
        0,
        steps * 10,
        new Reach(1, steps, steps, 1, 1, "float32"),
        trained,
        trained,
        new Compute("addition", "cpu", "float32", "it needs no library"),
        new MemoryEstimate(1, 1, 0, 0, 0, 0, null, 0, 0, 0, 0, 1),
        List.of(new DeviceNeed("cpu", 0, 1, 0)),
        null,
        0,
        0,
        null);
  }

  /** A phase that another trainer trains in its own way. */
  record Otherwise(PhasePlan plan, Training training) implements PreparedPhase {
    @FunctionalInterface
    interface Training {
      PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException;
    }

    @Override
    public RowHashes rows() {
      return RowHashes.NONE;
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      return training.train(start, listener);
    }
  }

  private record Prepared(AddingTrainer trainer, PhaseRequest request, PhasePlan plan)
      implements PreparedPhase {
    @Override
    public RowHashes rows() {
      return RowHashes.NONE;
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      return trainer.trained(request.from(start), listener);
    }
  }

  private PhaseResult trained(PhaseRequest request, PhaseListener listener) throws IOException {
    long steps = steps(request);
    State state = State.newest(request.checkpoints(), listener);
    if (state.step > 0) {
      listener.resumed(state.step, state.rows);
    }
    while (state.step < steps) {
      if (listener.stopRequested()) {
        state.keep(request, listener);
        throw new InterruptedTrainingException(state.step);
      }
      state = state.after(request.phase().learningRates().highest() / steps);
      listener.metrics(row(request, state.step, steps));
      if (listener.saveRequested() || (saveEvery > 0 && state.step % saveEvery == 0)) {
        state.keep(request, listener);
      }
    }
    listener.note("every value moved");

    Checkpoint base = Checkpoint.open(request.start().checkpoint());
    Map<String, NewTensor> trained = new HashMap<>();
    long count = 0;
    for (String name : request.start().trainable()) {
      TensorInfo tensor = base.find(name).orElseThrow();
      ByteBuffer bytes = Floats.read(tensor);
      for (int i = 0; i < bytes.capacity(); i += Float.BYTES) {
        bytes.putFloat(i, bytes.getFloat(i) + (float) state.moved);
      }
      trained.put(name, new NewTensor(tensor.type(), channel -> channel.write(bytes)));
      count += tensor.elements();
    }
    PhaseResult result =
        new PhaseResult(
            steps,
            steps * 10,
            trained.size(),
            count,
            count,
            count,
            count,
            0.5,
            DataCounts.whole(1, 1),
            null,
            null,
            null);
    listener.finishing(result);
    CheckpointWriter.write(base, request.result(), trained, Map.of());
    return result;
  }

  private static MetricsRow row(PhaseRequest request, long step, long steps) {
    Map<String, Number> values = new LinkedHashMap<>();
    values.put("step", step);
    values.put("epoch", step / (double) steps);
    values.put("loss", 1.0 / step);
    values.put("grad_norm", Double.NaN);
    values.put("learning_rate", request.phase().learningRates().highest());
    values.put("num_tokens", step * 10);
    return new MetricsRow(step, steps, values);
  }

  /** All that a step changes: how far every value was moved, and the rows that were logged. */
  private record State(long step, long rows, double moved) {

    /** That of the newest checkpoint which can be read, or of the beginning. */
    static State newest(Path checkpoints, PhaseListener listener) throws IOException {
      if (Files.isDirectory(checkpoints)) {
        try (Stream<Path> folders = Files.list(checkpoints)) {
          for (Path folder :
              folders
                  .filter(kept -> Files.exists(kept.resolve("manifest.json")))
                  .sorted(Comparator.reverseOrder())
                  .toList()) {
            try {
              JsonNode json = new ObjectMapper().readTree(folder.resolve("state.json").toFile());
              return new State(
                  json.path("step").longValue(),
                  json.path("rows").longValue(),
                  json.path("moved").doubleValue());
            } catch (JsonProcessingException e) {
              listener.note(folder + " is passed over");
            }
          }
        }
      }
      return new State(0, 0, 0);
    }

    State after(double moves) {
      return new State(step + 1, rows + 1, moved + moves);
    }

    void keep(PhaseRequest request, PhaseListener listener) throws IOException {
      Path folder = request.checkpoints().resolve("step-%06d".formatted(step));
      Files.createDirectories(folder);
      new ObjectMapper().writeValue(folder.resolve("state.json").toFile(), this);
      Files.writeString(folder.resolve("manifest.json"), "{}");
      listener.saved(new SavedCheckpoint(folder, step, 100, 0.25));
    }
  }

  private static long steps(PhaseRequest request) {
    return request.phase().length().maxSteps().orElse(2);
  }
}
