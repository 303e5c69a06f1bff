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
    "model.1234567890.up, up,",
    "model.123456789.up, up, 123456789",
  })
  void typeAndLayerAreReadOffTheFirstNumber(String module, String type, Integer layer) {
    ModuleName name = new ModuleName(module);

    assertThat(name.type()).isEqualTo(type);
    assertThat(name.layer()).isEqualTo(layer == null ? OptionalInt.empty() : OptionalInt.of(layer));
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.3.self_attn.q_proj, self_attn.q_proj",
    "model.layers.10.mlp.experts.7.down_proj, mlp.experts.*.down_proj",
    "model.layers.1.block_sparse_moe.experts.0.w1, block_sparse_moe.experts.*.w1",
    "model.layers.1.mlp.experts.gate_up_proj[12], mlp.experts.gate_up_proj",
    "model.layers.1.mlp.experts.gate_up_proj.weight[0], mlp.experts.gate_up_proj",
    "lm_head, lm_head",
  })
  void expertsShareAType(String module, String type) {
    assertThat(new ModuleName(module).sharedType()).isEqualTo(type);
  }

  @ParameterizedTest
  @CsvSource({
    "model.norm.weight, model.norm",
    "m.0.q_proj.bias, m.0.q_proj",
    "m.0.sinks, m.0.sinks",
    "m.0.experts.up[3], m.0.experts.up[3]",
    "m.0.experts.up_bias[3], m.0.experts.up[3]",
    "m.0.experts.up.bias[3], m.0.experts.up.weight[3]",
  })
  void aTensorsModuleIsReadOffItsName(String tensor, String module) {
    assertThat(ModuleName.ofTensor(tensor).text()).isEqualTo(module);
  }

  @Test
  void modulesOfOneNameAreEqual() {
    ModuleName name = new ModuleName("m.0.a");

    assertThat(name).isEqualTo(new ModuleName("m.0.a")).hasSameHashCodeAs(new ModuleName("m.0.a"));
    assertThat(name).isNotEqualTo(new ModuleName("m.00.a")).hasToString("m.0.a");
    assertThat(name).isLessThan(new ModuleName("m.1.a")).isEqualByComparingTo(name);
  }

  @Test
  void layersAreOrderedByNumber() {
    assertThat(
            Stream.of(
                    "lm_head",
                    "m.10.a",
                    "m.9.experts.10.a",
                    "m.9.experts.2.a",
                    "m.9.a",
                    "m.9.b[10]",
                    "m.9.b[9]")
                .map(ModuleName::new)
                .sorted()
                .map(ModuleName::text))
        .containsExactly(
            "m.9.a",
            "m.9.b[9]",
            "m.9.b[10]",
            "m.9.experts.2.a",
            "m.9.experts.10.a",
            "m.10.a",
            "lm_head");
  }
}
