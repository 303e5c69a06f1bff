package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.model.ParameterNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Phases with {@code optimizer_offload: true}, whose model is on the CPU too: what differs with a
 * GPU is that copies go over a bus. Masters, states and what the model computes with are apart.
 */
class OffloadTest {
  private static final String OFFLOAD = "phases.one.optimizer_offload=true";

  @TempDir Path folder;

  /** Clipped at a norm that every step has; an evaluation before, on the way and after. */
  @ParameterizedTest
  @EnumSource
  void everyStepIsTheSameToTheLastBit(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    assertSame(base, ParameterNames.of(base), "phases.one.max_grad_norm=0.1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dtype=bfloat16",
        "device=[cpu, cpu]",
        "phases.one.optimizer=adamw_bf16",
        "phases.one.optimizer=adamw_bnb_8bit",
        "phases.one.optimizer=adafactor",
        "phases.one.optimizer=lion",
        "phases.one.gradient_checkpointing=true",
        "phases.one.gradient_accumulation_steps=1",
        "phases.one.load_best_model_at_end=true",
        "phases.one.learning_rate=3",
      })
  void whateverTheSettings(String setting) throws IOException {
    Path base = Fixture.QWEN2.copyTo(folder);
    assertSame(base, ParameterNames.of(base), setting);
  }

  /** Parts of one module each, and of some rows. */
  @Test
  void whateverIsTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    for (String name : List.of("model.layers.2.mlp.up_proj.weight", "model.norm.weight")) {
      assertSame(base, Set.of(name), "dtype=bfloat16");
    }
  }

  @Test
  void withAdapters() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Set<String> modules =
        ParameterNames.of(base).stream()
            .filter(name -> name.endsWith("_proj.weight") || name.equals("lm_head.weight"))
            .collect(Collectors.toSet());
    assertSame(
        base,
        modules,
        "dtype=bfloat16",
        "phases.one.targeting={method: parameters, unfrozen_parameters: [any]}",
        "phases.one.adapter={type: lora, r: 4, dropout: 0.1, save: peft}");
  }

  @Test
  void theDeviceNeedsACopyAndAGradientOfWhatIsTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    // 160 x 64 values each.
    Set<String> two =
        Set.of("model.layers.2.mlp.up_proj.weight", "model.layers.3.mlp.up_proj.weight");
    SftRun run = new SftRun(folder, base, two).withRows(40);
    long values = 2 * 160 * 64;

    MemoryEstimate with = run.check("dtype=bfloat16").memory();
    MemoryEstimate without = run.check("dtype=bfloat16", OFFLOAD).memory();

    assertThat(without.offload())
        .isEqualTo(new MemoryEstimate.Offload(2 * values, values / 2 * (4 + 4 + 2)));
    assertThat(without.hostBytes()).isEqualTo(values * (4 + 8) + values / 2 * 10);
    // Nor are masters converted in each pass, two bytes a value, kept for the backward pass.
    assertThat(with.unmappedBytes() - without.unmappedBytes())
        .isBetween(values * (4 + 8 - 2), values * (4 + 8 - 2 + 3));
    assertThat(with.hostBytes()).isZero();
  }

  private void assertSame(Path base, Set<String> trained, String... settings) throws IOException {
    SftRun run = new SftRun(folder, base, trained).withRows(30, 12, 17, 40, 25);
    String name = "of-" + trained.size() + "-" + trained.hashCode();
    List<Map<String, Number>> expected = train(run, name, settings);
    List<String> all = new ArrayList<>(List.of(settings));
    all.add(OFFLOAD);
    assertThat(train(run, name + "-offloaded", all.toArray(String[]::new))).isEqualTo(expected);
    assertThat(Files.readAllBytes(weights(name + "-offloaded")))
        .isEqualTo(Files.readAllBytes(weights(name)))
        .isNotEqualTo(Files.readAllBytes(base.resolve("model.safetensors")));
  }

  private Path weights(String result) {
    return folder.resolve(result).resolve("model.safetensors");
  }

  private static List<Map<String, Number>> train(SftRun run, String result, String... settings)
      throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "phases.one.max_steps=4",
                "phases.one.micro_batch_size=2",
                "phases.one.gradient_accumulation_steps=2",
                "phases.one.eval_steps=2",
                "phases.one.eval_datasets=[{path: rows.jsonl}]"));
    all.addAll(List.of(settings));
    RecordingListener heard = new RecordingListener();
    run.train(result, heard, all.toArray(String[]::new));
    assertThat(heard.rows).hasSize(7);
    return heard.figures();
  }
}
