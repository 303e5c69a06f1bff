package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.language.PipelineReader;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreferenceCardTest {
  private static final String PIPELINE =
      """
      name: demo
      base_model: any
      phases:
        - name: one
          targeting: {method: full}
          datasets: [{path: rows.jsonl}]
          learning_rate: 1e-6
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sft   | num_epochs=1 | \"\"",
        "dpo   | dpo.beta=0.1 | sigmoid, beta 0.1",
        "dpo   | dpo={loss_type: [sigmoid, sft], loss_weights: [1, 0.5]}"
            + " | sigmoid + 0.5 sft, beta 0.1",
        "dpo   | dpo={label_smoothing: 0.1, ld_alpha: 0.5, use_weighting: true}"
            + " | sigmoid, beta 0.1, label smoothing 0.1, LD alpha 0.5, weighted (WPO)",
        "dpo   | dpo={f_divergence_type: forward_kl, reference: a_b}"
            + " | sigmoid, beta 0.1, forward_kl, reference a\\_b",
        "kto   | kto.desirable_weight=1.5 | kto, beta 0.1, weights 1.5 and 1",
        "cpo   | cpo.loss_type=ipo | ipo, beta 0.1, likelihood 1",
        "orpo  | orpo.beta=0.2 | odds ratio, beta 0.2",
        "simpo | simpo.alpha=-0.25 | beta 2, gamma 1, alpha -0.25",
      })
  void aLossIsToldWithWhatShapesIt(String type, String setting, String told) {
    assertThat(PreferenceCard.loss(phase(type, setting))).isEqualTo(told);
  }

  private static Phase phase(String type, String setting) {
    return PipelineReader.parse(
            PIPELINE, "demo", List.of("phases.one.type=" + type, "phases.one." + setting))
        .phases()
        .get(0);
  }

  @Test
  void everyTypeOnPreferencesHasItsPaper() {
    assertThat(PhaseType.values())
        .filteredOn(type -> !type.readsText())
        .extracting(PreferenceCard::citation)
        .allMatch(text -> text.contains("archivePrefix"))
        .doesNotHaveDuplicates();
    assertThat(PreferenceCard.citation(PhaseType.SFT)).isEmpty();
  }
}
