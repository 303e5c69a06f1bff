package dev.polyphase.phases.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Operations of a step, against the formula of the paper and against sums made by hand. */
class StepFlopsTest {
  /** Hidden 32, two heads of 16 and one of keys and values, 64 inside, 128 words; 10 tokens. */
  private static final DecoderShape TINY = shape("tiny", OptionalInt.of(2), 5, 2);

  private static final long TOKENS = 10;

  /** Queries by keys: two rows of 5 by 5 scores of two heads, 16 multiply-adds each. */
  private static final long SCORES = 2L * 2 * 5 * 5 * 2 * 16;

  /** Chowdhery et al. 2022: 6 N + 12 L H Q T a token, the embedding not counted. */
  @ParameterizedTest
  @CsvSource({
    "small, 512, 8, 8, 64",
    "llama-3.1-8b, 4096, 32, 32, 128",
    "qwen2.5-0.5b, 500, 24, 14, 64",
  })
  void everythingTrainedNeedsWhatTheFormulaSays(
      String name, int sequence, int layers, int heads, int dim) {
    DecoderShape shape = shape(name, OptionalInt.empty(), sequence, 3);
    ModelLayout layout = new ModelLayout(shape.model());
    long matrices =
        layout.parameters().stream()
            .filter(parameter -> parameter.shape().size() == 2)
            .filter(parameter -> !parameter.name().equals(layout.embedding()))
            .mapToLong(Parameter::values)
            .sum();
    long head = (long) shape.vocabulary() * shape.model().hiddenSize();
    long all = shape.model().tiedHead() ? matrices + head : matrices;
    double ofToken = 6.0 * all + 12.0 * layers * heads * dim * sequence;

    double counted = StepFlops.of(shape, everything(shape), Adapters.none());

    assertThat(counted / shape.tokens()).isCloseTo(ofToken, within(ofToken * 1e-12));
  }

  /** The gradient ends at the lowest matrix that is trained. */
  @Test
  void belowWhatIsTrainedNothingGoesBack() {
    long attention = 32 * 32 * 2 + 2 * 16 * 32;
    long mlp = 3 * 64 * 32;
    long head = 128 * 32;
    long forward = 2 * TOKENS * (2 * (attention + mlp) + head) + 2 * 2 * SCORES;

    assertThat(of(Set.of())).isEqualTo(forward);
    assertThat(of(Set.of("lm_head.weight"))).isEqualTo(forward + 2 * TOKENS * head);
    // Inputs of the head alone have gradients, and the trained matrix itself.
    assertThat(of(Set.of("model.layers.1.mlp.down_proj.weight")))
        .isEqualTo(forward + 2 * TOKENS * (head + 64 * 32));
    // Those of the MLP above it too.
    assertThat(of(Set.of("model.layers.1.self_attn.o_proj.weight")))
        .isEqualTo(forward + 2 * TOKENS * (head + mlp + 32 * 32));
    // Attention too, but not what made queries, keys and values.
    assertThat(of(Set.of("model.layers.1.self_attn.v_proj.weight")))
        .isEqualTo(forward + 2 * TOKENS * (head + mlp + 32 * 32 + 16 * 32) + 2 * 2 * SCORES);
    // All of the second block and the last matrix of the first.
    assertThat(of(Set.of("model.layers.0.mlp.down_proj.weight")))
        .isEqualTo(forward + 2 * TOKENS * (head + mlp + attention + 64 * 32) + 2 * 2 * SCORES);
    // The embedding has no product of its own, but all inputs have gradients.
    assertThat(of(Set.of("model.embed_tokens.weight"))).isEqualTo(2 * forward + 4 * SCORES);
  }

  @Test
  void anAdapterHasItsSmallProducts() {
    String module = "model.layers.1.mlp.down_proj";
    Adapters adapters = new Adapters(Set.of(module), 3, 2, 0, 42);
    long alone = of(Set.of(module + ".weight"));

    // In place of the weight's own: A forward and its gradient, B also that of its input.
    assertThat(StepFlops.of(TINY, Set.of(), adapters))
        .isEqualTo(alone + 2 * TOKENS * (-64 * 32 + 3 * (2 * 64 + 3 * 32)));
  }

  /** A token goes through 8 of 128 experts. */
  @Test
  void ofAMixtureTheChosenExpertsCount() {
    DecoderShape shape = shape("qwen3-30b-a3b", OptionalInt.of(1), 4096, 1);
    double forward = StepFlops.of(shape, Set.of(), Adapters.none());
    long attention = 2048L * 4096 * 2 + 2 * 2048L * 512;
    long experts = 8 * 3 * 2048L * 768 + 128 * 2048;
    long head = 151936L * 2048;
    double ofToken = 2.0 * (attention + experts + head) + 4.0 * 32 * 128 * 4096;

    assertThat(forward / 4096).isCloseTo(ofToken, within(ofToken * 1e-12));
  }

  private static long of(Set<String> trained) {
    return StepFlops.of(TINY, trained, Adapters.none());
  }

  private static Set<String> everything(DecoderShape shape) {
    return new ModelLayout(shape.model())
        .parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }

  private static DecoderShape shape(String name, OptionalInt layers, int sequence, int batch) {
    return KnownShapes.named(name, layers, sequence, batch).orElseThrow();
  }
}
