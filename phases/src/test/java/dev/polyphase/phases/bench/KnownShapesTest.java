package dev.polyphase.phases.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A shape that is like a published model has as many parameters. */
class KnownShapesTest {
  /** What the hub counts in the models' safetensors files, heads that are tied once. */
  @ParameterizedTest
  @CsvSource({
    "qwen2.5-0.5b, 494_032_768",
    "qwen2.5-1.5b, 1_543_714_304",
    "qwen2.5-7b, 7_615_616_512",
    "llama-3.2-1b, 1_235_814_400",
    "llama-3.1-8b, 8_030_261_248",
    "qwen3-0.6b, 596_049_920",
    "smollm3-3b, 3_075_098_624",
    "ministral-3-3b, 3_429_006_336",
    "gemma-2-2b, 2_614_341_888",
    "gemma-3-1b, 999_885_952",
    "gemma-3-4b, 3_880_263_168",
    "phi-4-mini, 3_836_021_760",
    "olmo-2-1b, 1_484_916_736",
    "olmo-3-7b, 7_298_011_136",
    "granite-3.3-2b, 2_533_539_840",
    "qwen3-30b-a3b, 30_532_122_624",
    "mixtral-8x7b, 46_702_792_704",
    "gpt-oss-20b, 20_914_757_184",
  })
  void hasThePublishedModelsParameters(String name, String parameters) {
    assertThat(shape(name, OptionalInt.empty()).values())
        .isEqualTo(Long.parseLong(parameters.replace("_", "")));
  }

  @Test
  void everyShapeCanHaveOtherLayers() {
    assertThat(KnownShapes.names()).startsWith(KnownShapes.DEFAULT, "tiny");
    for (String name : KnownShapes.names()) {
      DecoderShape whole = shape(name, OptionalInt.empty());
      assertThat(shape(name, OptionalInt.of(1)).model().blocks())
          .as(name)
          .containsExactly(whole.model().blocks().get(0));
      DecoderShape longer = shape(name, OptionalInt.of(2 * whole.layers()));
      assertThat(longer.model().blocks().subList(0, whole.layers()))
          .as(name)
          .isEqualTo(whole.model().blocks());
      assertThat(longer.layers()).as(name).isEqualTo(2 * whole.layers());
    }
  }

  @Test
  void thereIsNoShapeOfAnyOtherName() {
    assertThat(KnownShapes.named("gpt", OptionalInt.empty(), 8, 1)).isEmpty();
  }

  private static DecoderShape shape(String name, OptionalInt layers) {
    return KnownShapes.named(name, layers, 8, 1).orElseThrow();
  }
}
