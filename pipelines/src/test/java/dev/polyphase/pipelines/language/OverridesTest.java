package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.Warmup;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverridesTest {
  private static final String YAML =
      """
      name: demo
      base_model: model
      defaults: {sequence_len: 512, targeting: {top_percent: 25}}
      phases:
        - name: v1
          type: sft
          datasets: [{path: a.jsonl}, {path: b.jsonl}]
          learning_rate: 1.0e-5
        - name: v1.0
          type: dpo
          datasets: [{path: c.jsonl}]
          learning_rate: 1.0e-6
      """;

  @Test
  void replaceAndAddValues() {
    Pipeline pipeline =
        read(
            "seed=7",
            "device=[cuda:0, cuda:1]",
            "defaults.warmup_ratio=0.1",
            "phases[0].learning_rate=2e-5",
            "phases[0].datasets[1].path=d.jsonl",
            "phases.v1.targeting.top_percent=30",
            "phases[1].dpo.beta=0.5",
            "phases.v1.0.dpo.loss_type=[sigmoid, sft]");
    assertThat(pipeline.seed()).isEqualTo(7);
    assertThat(pipeline.devices()).containsExactly("cuda:0", "cuda:1");

    Phase first = pipeline.phases().get(0);
    assertThat(first.learningRates().highest()).isEqualTo(2e-5);
    assertThat(first.datasets()).extracting(Dataset::path).containsExactly("a.jsonl", "d.jsonl");
    assertThat(((Targeting.Snr) first.trained().targeting()).rule())
        .isEqualTo(SelectionRule.published(30));

    Phase second = pipeline.phases().get(1);
    assertThat(second.dpo().beta()).isEqualTo(0.5);
    assertThat(second.dpo().lossTypes()).containsExactly(Dpo.LossType.SIGMOID, Dpo.LossType.SFT);
    assertThat(((Targeting.Snr) second.trained().targeting()).rule())
        .isEqualTo(SelectionRule.published(25));
    assertThat(second.learningRates().warmup()).isEqualTo(new Warmup.Ratio(0.1));
  }

  @Test
  void meanTheLongestNameThatFits() {
    List<Phase> phases = read("phases.v1.0.learning_rate=3", "phases.v1.learning_rate=4").phases();
    assertThat(phases)
        .extracting(phase -> phase.learningRates().highest())
        .containsExactly(4.0, 3.0);
  }

  @Test
  void replaceAKeyByItsOtherSpelling() {
    List<Phase> phases = read("defaults.max_length=64", "model_name_or_path=x").phases();
    assertThat(phases).extracting(phase -> phase.batch().sequenceLen()).containsExactly(64, 64);
  }

  @Test
  void giveAllPhasesAnEngineAndTakeItFromOne() {
    List<Phase> phases =
        read("engine.type=trl", "engine.processes_per_node=2", "phases.v1.engine.type=embedded")
            .phases();
    assertThat(phases.get(0).engine()).isEmpty();
    assertThat(phases.get(1).engine().orElseThrow().worldSize()).isEqualTo(2);
  }

  @Test
  void letTheLaterOneWin() {
    assertThat(read("seed=1", "seed=2").seed()).isEqualTo(2);
  }

  @Test
  void takeAValueBackWithNull() {
    assertThat(read("seed=1", "seed=null").seed()).isEqualTo(42);
  }

  @Test
  void repairAFaultOfTheFile() {
    String faulty = YAML.replace("1.0e-5", "none");
    assertThat(PipelineReader.parse(faulty, "demo.yaml", List.of("phases.v1.learning_rate=1")))
        .isEqualTo(read("phases.v1.learning_rate=1"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seed | it is not KEY=VALUE; write for example seed=1",
        "=5 | it is not KEY=VALUE; write for example seed=1",
        "a..b=1 | this key can't be read; write for example phases[0].learning_rate=1e-5",
        "seed=-1 | seed: is -1; give a whole number of at least 0 and below 2^63",
        "sede=1 | sede: is no key of this block; did you mean seed?",
        "phases.v2.seed=1 | no phase has this name; the phases are v1, v1.0",
        "phases[2].learning_rate=1"
            + " | phases has 2 entries, counted from 0, and no entry [2]; give a smaller one",
        "name.x=1 | name is demo and has no key x; leave that out",
        "name[0]=1 | name is demo and has no entry [0]; leave that out",
        "engine={type: trl, launch: srun} | engine.launch: is srun; give local, slurm or a command"
            + " with {driver} and {job}",
        "device=[cpu | this list is never closed; add a ]",
        "phases.v1.targeting.top_percent=0"
            + " | phases[0].targeting.top_percent: is 0; give a number of at least 0.0001 and at most 100, or adaptive",
        "phases.v1.dpo.beta=1 | phases[0].dpo: is for phases of type dpo, but this one's type is"
            + " sft; remove it or change the type",
      },
      quoteCharacter = '`')
  void areNamedInTheirProblems(String override, String sentence) {
    assertThatThrownBy(() -> read(override)).hasMessage("--set " + override + ": " + sentence);
  }

  @Test
  void areReportedTogetherWithTheFile() {
    String faulty = YAML.replace("1.0e-6", "none");
    assertThatThrownBy(
            () -> PipelineReader.parse(faulty, "demo.yaml", List.of("seed=x", "phases[9].a=1")))
        .hasMessage(
            """
            demo.yaml:12:20: phases[1].learning_rate: is none; give a number above 0 and at most 1000
            --set phases[9].a=1: phases has 2 entries, counted from 0, and no entry [9]; give a \
            smaller one
            --set seed=x: seed: is x; give a whole number of at least 0 and below 2^63""");
  }

  private static Pipeline read(String... overrides) {
    return PipelineReader.parse(YAML, "demo.yaml", List.of(overrides));
  }
}
