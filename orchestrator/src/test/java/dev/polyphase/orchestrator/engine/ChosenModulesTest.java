package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ChosenModulesTest {

  @Test
  void patternsOfAWeightAndItsBiasMeanOneModule() {
    assertThat(
            ChosenModules.modulesOf(
                List.of(
                    "^lm_head.weight$",
                    "^lm_head.bias$",
                    "^m.0.experts.up$[3]",
                    "^m.0.experts.up_bias$[3]",
                    "^m.1.experts.up.weight$[0]",
                    "^m.1.experts.up.bias$[0]",
                    "m.2.experts.up[1]",
                    "m.2.mlp.up_proj")))
        .containsExactly(
            "lm_head",
            "m.0.experts.up[3]",
            "m.1.experts.up.weight[0]",
            "m.2.experts.up[1]",
            "m.2.mlp.up_proj");
  }
}
