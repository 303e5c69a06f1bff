package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PipelineWriterTest {

  @ParameterizedTest
  @MethodSource("files")
  void readsBackAsTheSamePipeline(Path file) throws IOException {
    Pipeline pipeline = PipelineReader.read(file, List.of());
    String yaml = PipelineWriter.toYaml(pipeline);
    assertThat(PipelineReader.parse(yaml, "written", List.of())).isEqualTo(pipeline);
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> valid = Files.list(Path.of("src/test/resources/valid"));
        Stream<Path> recipes = Files.list(Path.of("recipes"))) {
      return Stream.concat(valid, recipes)
          .filter(file -> file.toString().endsWith(".yaml"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "true",
        "null",
        "~",
        "010",
        "1e-5",
        "a: b",
        "a #b",
        "*.jsonl",
        "&a",
        "!x",
        "- a",
        "[a]",
        "{a}",
        "@x",
        "`x",
        "%x",
        "'",
        "\"",
        "\\",
        " padded ",
        "two\nlines",
        "tab\there",
        "<<",
        "Übung 数据 \uD83D\uDE00",
        "no",
        "2001-01-01"
      })
  void keepsEveryText(String text) {
    String yaml = PipelineWriter.toYaml(withBaseModel("placeholder"));
    Pipeline pipeline = withBaseModel(text);
    assertThat(PipelineReader.parse(PipelineWriter.toYaml(pipeline), "written", List.of()))
        .isEqualTo(pipeline)
        .isNotEqualTo(PipelineReader.parse(yaml, "other", List.of()));
  }

  private static Pipeline withBaseModel(String location) {
    Pipeline pipeline =
        PipelineReader.parse(
            """
            name: demo
            base_model: model
            phases:
              - {name: one, type: sft, targeting: {method: full}, datasets: [{path: a}], learning_rate: 1}
            """,
            "demo",
            List.of());
    return new Pipeline(
        pipeline.name(),
        new BaseModel.Existing(location),
        Vocabulary.AS_IT_WAS,
        pipeline.outputDir(),
        pipeline.seed(),
        pipeline.devices(),
        pipeline.dtype(),
        pipeline.saveDtype(),
        pipeline.saveRounding(),
        pipeline.reportTo(),
        pipeline.phases());
  }

  /** What every dataset could say would fill the file, and hardly any says it. */
  @Test
  void leavesOutWhatADatasetDoesNotSay() {
    String yaml =
        """
        name: demo
        base_model: model
        phases:
          - name: one
            type: sft
            targeting: {method: full}
            datasets: [{path: a, roles: {user: [guest]}, train_on_eos: all}]
            learning_rate: 1
        """;
    assertThat(PipelineWriter.toYaml(PipelineReader.parse(yaml, "demo", List.of())))
        .contains(
            """
                datasets:
                  - path: a
                    type: auto
                    weight: 1
                    roles:
                      user:
                        - guest
                    train_on_eos: all
                mix_by: passes
            """);
  }

  @Test
  void writesEveryKeyOfAPhase() {
    assertThat(PipelineWriter.toYaml(withBaseModel("model")))
        .isEqualTo(
            """
            name: demo
            base_model: model
            output_dir: runs
            seed: 42
            device: auto
            dtype: auto
            save_dtype: base
            save_rounding: nearest
            report_to: none
            phases:
              - name: one
                type: sft
                targeting:
                  method: full
                datasets:
                  - path: a
                    type: auto
                    weight: 1
                mix_by: passes
                deduplicate: false
                max_bad_ratio: 0.01
                strict: false
                eval_datasets: []
                load_best_model_at_end: false
                num_epochs: 1
                sequence_len: 2048
                micro_batch_size: 1
                gradient_accumulation_steps: 1
                learning_rate: 1
                lr_scheduler: cosine
                lr_scheduler_kwargs:
                  num_cycles: 0.5
                warmup_steps: 0
                optimizer: adamw
                adam_beta1: 0.9
                adam_beta2: 0.999
                adam_epsilon: 1.0E-8
                weight_decay: 0
                optimizer_offload: false
                max_grad_norm: 1
                neftune_noise_alpha: 0
                gradient_checkpointing: auto
                sample_packing: false
                shuffle: true
                logging_steps: 1
                save_minutes: 30
                save_total_limit: 2
            """);
  }

  /** A run goes on with what its pipeline says, whatever the file's defaults say by then. */
  @Test
  void writesTheEngineIntoEachPhaseThatHasOne() throws IOException {
    String written =
        PipelineWriter.toYaml(
            PipelineReader.read(Path.of("src/test/resources/valid/engines.yaml"), List.of()));
    assertThat(written)
        .contains(
            """
                save_total_limit: 2
                engine:
                  type: trl
                  python: /venv/bin/python
                  nodes: 2
                  processes_per_node: 4
                  launch: slurm
                  checkpoint_steps: 100
                  heartbeat_timeout: 0.5
                  retries: 2
              - name: embedded
            """)
        .containsOnlyOnce("cancel: end it")
        .doesNotContain("type: embedded")
        .doesNotContainPattern("(?m)^engine:");
    assertThat(written.split(" engine:", -1)).as("of six phases, four have one").hasSize(5);
  }
}
