package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MemoryEstimate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The estimate worked out by hand for tiny-llama: 4 blocks of 43,136 values, hidden 64,
 * intermediate 160, queries 64, keys 32, 272 words; 207,424 values in all, float32 on disk.
 */
class MemoryFormulaTest {
  private static final String UP_2 = "model.layers.2.mlp.up_proj.weight";
  private static final String UP_3 = "model.layers.3.mlp.up_proj.weight";

  @TempDir Path folder;

  @Test
  void float32FromTheThirdBlockOn() throws IOException {
    MemoryEstimate memory =
        llama(Set.of(UP_2, UP_3)).check("phases.one.micro_batch_size=2").memory();

    // Rows of 40 and 30 are one batch of 2 x 40, 80 tokens. Two matrices of 160 x 64 are trained.
    assertThat(memory)
        .isEqualTo(
            new MemoryEstimate(
                2,
                40,
                0,
                (207_424 - 20_480) * 4,
                20_480 * 4,
                20_480 * 8,
                20_480 * 4,
                // Two blocks' inputs and the last output; then a block of 16 * 64 + 4 * (5 * 64 +
                // 3 * 64 + 2 * 32 + 7 * 160) bytes a token, and repeated keys and values.
                3 * 80 * 64 * 4 + 80 * (7_808 + 2 * 64 * 4)));
    assertThat(memory.unmappedBytes()).isEqualTo(memory.totalBytes() - 747_776);
  }

  @Test
  void bfloat16WithTheHeadAndSeveralPassesAStep() throws IOException {
    MemoryEstimate memory =
        llama(Set.of(UP_2, UP_3, "lm_head.weight"))
            .check(
                "dtype=bfloat16",
                "phases.one.micro_batch_size=2",
                "phases.one.gradient_accumulation_steps=2")
            .memory();

    int trained = 20_480 + 272 * 64;
    assertThat(memory)
        .isEqualTo(
            new MemoryEstimate(
                2,
                40,
                (207_424 - trained) * 2L,
                0,
                trained * 4L,
                trained * 8L,
                // The head's gradient is the largest that waits to be added.
                (trained + 272 * 64) * 4L,
                // The block and its matrix, converted, with its gradient.
                3 * 80 * 64 * 2 + 80 * (4_416 + 2 * 64 * 2) + 2 * 2 * 10_240));
  }

  @Test
  void theHeadAloneKeepsOneActivation() throws IOException {
    assertThat(activations("lm_head.weight")).isEqualTo(40 * 64 * 4 + 40 * (7_808 + 512));
  }

  @Test
  void theEmbeddingNeedsEveryBlock() throws IOException {
    long embedding = activations("model.embed_tokens.weight");

    assertThat(embedding).isEqualTo(activations("model.layers.0.mlp.up_proj.weight"));
    assertThat(embedding - activations(UP_2)).isEqualTo(2 * 40 * 64 * 4);
  }

  @Test
  void aWindowNeedsAMask() throws IOException {
    SftRun run = new SftRun(folder, Fixture.MISTRAL_WINDOW.copyTo(folder), Set.of(UP_2));

    long short8 = run.withRows(8).check().memory().activationBytes();
    long long10 = run.withRows(10).check().memory().activationBytes();

    // Nine positions are seen; a mask has 4 + 3 bytes for each two.
    assertThat(long10 - short8 / 8 * 10).isEqualTo(10 * 10 * 7);
  }

  @Test
  void adaptersAreTrainedInThePlaceOfTheirWeights() throws IOException {
    SftRun run = llama(Set.of(UP_2, "model.layers.2.mlp.down_proj.weight", "lm_head.weight"));
    String targeting = "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}";

    MemoryEstimate memory = run.check(targeting, "phases.one.adapter=lora").memory();
    MemoryEstimate dropping =
        run.check(targeting, "phases.one.adapter={type: lora, dropout: 0.1}").memory();

    // A and B of rank 16: twice 160 + 64, and 272 + 64.
    long adapters = 16 * (2 * 224 + 336);
    assertThat(memory)
        .isEqualTo(
            new MemoryEstimate(
                1,
                40,
                0,
                207_424 * 4,
                adapters * 4,
                adapters * 8,
                adapters * 4,
                // The block of the third test, and each token's inner values of two adapters.
                3 * 40 * 64 * 4 + 40 * (7_808 + 512 + 2 * 16 * 4)));
    // Two copies of the inputs, 64 and 160 values a token.
    assertThat(dropping.activationBytes() - memory.activationBytes())
        .isEqualTo(40 * 2 * (64 + 160) * 4);
  }

  private long activations(String trained) throws IOException {
    return llama(Set.of(trained)).check().memory().activationBytes();
  }

  private SftRun llama(Set<String> trained) throws IOException {
    Path base = folder.resolve("tiny-llama");
    if (!base.toFile().exists()) {
      Fixture.LLAMA.copyTo(folder);
    }
    return new SftRun(folder, base, trained).withRows(40, 30, 20);
  }
}
