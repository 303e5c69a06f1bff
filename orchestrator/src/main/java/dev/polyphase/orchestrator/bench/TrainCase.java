package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.DjlBlocksStep;
import dev.polyphase.phases.bench.StepFlops;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import java.io.IOException;
import java.util.Locale;
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
    Optional<String> whyNot(TrainSetup setup) {
      return DjlBlocksStep.whyNot(setup.shape());
    }

    @Override
    public BenchStep open(TrainSetup setup) {
      return new DjlBlocksStep(setup.shape(), setup.device());
    }
  },
  /** Every parameter, by transformers. */
  TRANSFORMERS {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return all(setup);
    }

    @Override
    Optional<String> whyNot(TrainSetup setup) {
      return setup.peer().whyNot();
    }

    @Override
    public boolean inTransformers() {
      return true;
    }

    @Override
    public TransformersStep open(TrainSetup setup) throws IOException {
      return new TransformersStep(setup, Optional.empty());
    }
  },
  /** What {@link #SPECTRUM_25} trains, by transformers. */
  TRANSFORMERS_SPECTRUM_25 {
    @Override
    public Set<String> trained(TrainSetup setup) throws IOException {
      return selected(setup, 25, true);
    }

    @Override
    Optional<String> whyNot(TrainSetup setup) {
      return setup.peer().whyNot();
    }

    @Override
    public boolean inTransformers() {
      return true;
    }

    @Override
    public TransformersStep open(TrainSetup setup) throws IOException {
      return new TransformersStep(setup, Optional.of(trained(setup)));
    }
  };

  private static final String WEIGHT = ".weight";

  /** Why a model can't be trained so; empty where it can. */
  Optional<String> whyNot(TrainSetup setup) {
    return Optional.empty();
  }

  /** Whether its steps are a {@link TransformersStep}. */
  public boolean inTransformers() {
    return false;
  }

  /** Its name as the command spells it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The floating-point operations of a step, see {@link StepFlops}. */
  long flops(TrainSetup setup) throws IOException {
    return StepFlops.of(setup.shape(), trained(setup), adapters(setup));
  }

  /** What is trained in the place of others. */
  Adapters adapters(TrainSetup setup) {
    return Adapters.none();
  }

  @Override
  public BenchStep open(TrainSetup setup) throws IOException {
    return new TransformerStep(
        setup.load(trained(setup), adapters(setup)), setup.shape(), setup.passes());
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
