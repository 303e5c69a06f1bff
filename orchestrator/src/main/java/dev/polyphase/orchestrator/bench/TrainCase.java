package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DjlBlocksStep;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The ways to train that are compared. */
public enum TrainCase implements StepCase {
  /** Every parameter. */
  FULL {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return all(setup);
    }
  },
  /** Half of the projections, the embedding and the head. */
  SPECTRUM_50 {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return selected(setup, 50, true);
    }
  },
  /** A quarter of the projections, the embedding and the head. */
  SPECTRUM_25 {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return selected(setup, 25, true);
    }
  },
  /** A quarter of the projections. */
  SPECTRUM_25_FROZEN_ENDS {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return selected(setup, 25, false);
    }
  },
  /** Adapters of all projections, of the usual rank and without dropout. */
  LORA {
    @Override
    public Set<String> trained(TrainSetup setup) {
      return Set.of();
    }

    @Override
    Adapters adapters(TrainSetup setup) {
      return new Adapters(DrawnSelection.modules(setup.shape().layers(), 100), 16, 2, 0, 42);
    }
  },
  /** Every parameter, in DJL's own blocks with DJL's own training, in float32. */
  DJL_BLOCKS {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return all(setup);
    }

    @Override
    public BenchStep open(TrainSetup setup) {
      return new DjlBlocksStep(setup.shape(), setup.device());
    }
  };

  private static final List<String> ENDS = List.of("model.embed_tokens.weight", "lm_head.weight");

  /** What is trained in the place of others. */
  Adapters adapters(TrainSetup setup) {
    return Adapters.none();
  }

  @Override
  public BenchStep open(TrainSetup setup) throws IOException {
    return new TransformerStep(setup.load(trained(setup), adapters(setup)), setup.shape());
  }

  private static Set<String> all(TrainSetup setup) throws IOException {
    return Checkpoint.open(setup.model()).tensors().stream()
        .map(TensorInfo::name)
        .collect(Collectors.toSet());
  }

  private static Set<String> selected(TrainSetup setup, int percent, boolean ends)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.open(setup.model());
    Set<String> tensors = new TreeSet<>();
    for (String module : DrawnSelection.modules(setup.shape().layers(), percent)) {
      tensors.add(module + ".weight");
    }
    if (ends) {
      ENDS.stream().filter(checkpoint::contains).forEach(tensors::add);
    }
    return tensors;
  }
}
