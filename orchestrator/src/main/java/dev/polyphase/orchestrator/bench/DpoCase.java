package dev.polyphase.orchestrator.bench;

import dev.polyphase.data.Pair;
import dev.polyphase.dpo.DpoStep;
import dev.polyphase.dpo.Layout;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Transformer;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** The ways to train on pairs that are compared; each trains a quarter of the projections. */
public enum DpoCase implements StepCase {
  /** The prompts with their chosen completions, without a preference. */
  SFT {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      List<Pair> pairs = RandomPairs.alike(setup.shape());
      return new TransformerStep(
          model, TokenBatch.of(pairs.stream().map(Pair::chosenRow).toList()));
    }
  },
  /** What the reference says is known. */
  PRECOMPUTED {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      return DpoStep.precomputed(model, RandomPairs.alike(setup.shape()), Layout.PADDED);
    }
  },
  /** How it came to be known, which is no step. */
  REFERENCE_PASS {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      return DpoStep.referencePass(model, RandomPairs.alike(setup.shape()), Layout.PADDED);
    }
  },
  /** The reference is asked in each step: the frozen weights and a copy of the trained ones. */
  SHARED {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) throws IOException {
      return DpoStep.shared(model, RandomPairs.alike(setup.shape()), Layout.PADDED);
    }
  },
  /** The reference is asked in each step: a second model, as other trainers hold it. */
  SEPARATE {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) throws IOException {
      Transformer reference = setup.load(Set.of(), Adapters.none());
      DpoStep step =
          DpoStep.separate(model, reference, RandomPairs.alike(setup.shape()), Layout.PADDED);
      return new BenchStep() {
        @Override
        public void run() {
          step.run();
        }

        @Override
        public void close() {
          step.close();
          reference.close();
        }
      };
    }
  },
  /** As {@link #PRECOMPUTED}, but each prompt is computed once. */
  PREFIX_SHARING {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      return DpoStep.precomputed(model, RandomPairs.alike(setup.shape()), Layout.SHARED_PROMPTS);
    }
  },
  /** More pairs, of mixed lengths, padded to the longest. */
  PADDED {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      return DpoStep.precomputed(model, RandomPairs.mixed(setup.shape()), Layout.PADDED);
    }
  },
  /** The same without padding. */
  PACKED {
    @Override
    BenchStep open(TrainSetup setup, Transformer model) {
      return DpoStep.precomputed(model, RandomPairs.mixed(setup.shape()), Layout.PACKED);
    }
  };

  /** Makes the step of a model, which is closed with it. */
  abstract BenchStep open(TrainSetup setup, Transformer model) throws IOException;

  @Override
  public BenchStep open(TrainSetup setup) throws IOException {
    return open(setup, setup.load(trained(setup), Adapters.none()));
  }

  @Override
  public Set<String> trained(TrainSetup setup) throws IOException {
    return TrainCase.SPECTRUM_25_FROZEN_ENDS.trained(setup);
  }
}
