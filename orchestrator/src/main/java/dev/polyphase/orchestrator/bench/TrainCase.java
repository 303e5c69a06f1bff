package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.DjlBlocksStep;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
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
  /** Adapters of all projections but experts', of the usual rank and without dropout. */
  LORA {
    @Override
    public Set<String> trained(TrainSetup setup) {
      return Set.of();
    }

    @Override
    Adapters adapters(TrainSetup setup) {
      Set<String> modules =
          setup.shape().matrices().keySet().stream()
              .filter(name -> name.endsWith(WEIGHT) && !name.contains(".experts."))
              .map(name -> name.substring(0, name.length() - WEIGHT.length()))
              .collect(Collectors.toSet());
      return new Adapters(modules, 16, 2, 0, 42);
    }
  },
  /** Every parameter, in DJL's own blocks with DJL's own training, in float32. */
  DJL_BLOCKS {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return all(setup);
    }

    @Override
    Optional<String> whyNot(DecoderShape shape) {
      return DjlBlocksStep.whyNot(shape);
    }

    @Override
    public BenchStep open(TrainSetup setup) {
      return new DjlBlocksStep(setup.shape(), setup.device());
    }
  };

  private static final String WEIGHT = ".weight";

  /** Why a shape can't be trained so; empty where it can. */
  Optional<String> whyNot(DecoderShape shape) {
    return Optional.empty();
  }

  /** What is trained in the place of others. */
  Adapters adapters(TrainSetup setup) {
    return Adapters.none();
  }

  @Override
  public BenchStep open(TrainSetup setup) throws IOException {
    return new TransformerStep(setup.load(trained(setup), adapters(setup)), setup.shape());
  }

  private static Set<String> all(TrainSetup setup) throws IOException {
    return setup.layout().parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }

  private static Set<String> selected(TrainSetup setup, int percent, boolean ends)
      throws IOException {
    Set<String> weights = DrawnSelection.weights(setup.shape().matrices().keySet(), percent);
    if (ends) {
      setup.layout().parameters().stream()
          .filter(weight -> weight.shape().size() > 1 && !ModelLayout.isOfBlock(weight.name()))
          .forEach(end -> weights.add(end.name()));
    }
    return weights;
  }
}
