package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ModuleNameTest {

  @ParameterizedTest
  @CsvSource({
    "model.layers.3.self_attn.q_proj, self_attn.q_proj, 3",
    "model.layers.10.mlp.experts.7.down_proj, mlp.experts.7.down_proj, 10",
    "model.layers.0.input_layernorm, input_layernorm, 0",
    "transformer.h.12.attn.c_attn, attn.c_attn, 12",
    "lm_head, lm_head,",
    "model.embed_tokens, model.embed_tokens,",
    "model.norm2, model.norm2,",
  })
  void typeAndLayerAreReadOffTheFirstNumber(String module, String type, Integer layer) {
    ModuleName name = new ModuleName(module);

    assertThat(name.type()).isEqualTo(type);
    assertThat(name.layer()).isEqualTo(layer == null ? OptionalInt.empty() : OptionalInt.of(layer));
  }

  @Test
  void layersAreOrderedByNumber() {
    assertThat(
            Stream.of("lm_head", "m.10.a", "m.9.experts.10.a", "m.9.experts.2.a", "m.9.a")
                .map(ModuleName::new)
                .sorted()
                .map(ModuleName::text))
        .containsExactly("m.9.a", "m.9.experts.2.a", "m.9.experts.10.a", "m.10.a", "lm_head");
  }
}
