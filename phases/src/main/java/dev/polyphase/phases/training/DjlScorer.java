package dev.polyphase.phases.training;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.Example;
import dev.polyphase.data.ExampleEncoders;
import dev.polyphase.phases.api.ScoredRow;
import dev.polyphase.phases.api.Scorer;
import dev.polyphase.phases.api.ScoringListener;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Scores rows in this process, on libtorch, one row a forward pass. */
public final class DjlScorer implements Scorer {

  @Override
  public void score(Path model, Path rows, String device, Dtype dtype, ScoringListener listener)
      throws IOException {
    ComputeSettings compute = ComputeSettings.of(List.of(device), dtype);
    Checkpoint checkpoint = Checkpoint.open(model);
    ModelConfig config = ConfigReader.read(checkpoint);
    try (LazyTokenizer tokenizer = new LazyTokenizer(model)) {
      List<Example> examples =
          new ExampleEncoders(
                  PhaseType.SFT, config.vocabSize(), tokenizer, new ChatEncoder(tokenizer))
              .encodeFile(rows);
      try (Transformer transformer =
          Transformer.load(checkpoint, config, compute.devices().get(0), compute.precision())) {
        for (int row = 0; row < examples.size(); row++) {
          Example example = examples.get(row);
          listener.scoring(row + 1, examples.size(), example.tokens());
          listener.scored(score(transformer, example));
        }
      }
    }
  }

  private static ScoredRow score(Transformer transformer, Example example) {
    double logprob = 0;
    for (float target : transformer.logProbs(TokenBatch.of(List.of(example)))) {
      logprob += target;
    }
    int tokens = example.lossTokens();
    return new ScoredRow(tokens, logprob, tokens == 0 ? null : -logprob / tokens);
  }
}
