package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.model.ParameterNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Four steps of two passes of two rows, evaluated before, on the way and after: for settings that
 * must not change what comes out.
 *
 * @param folder an empty one
 */
record FourSteps(Path folder) {
  private static final int LOGGED = 7;

  /** On all tensors of a fixture. */
  void assertSame(Fixture fixture, List<String> more, String... others) throws IOException {
    Path base = fixture.copyTo(folder);
    assertSame(base, ParameterNames.of(base), more, others);
  }

  /** On adapters, with dropout, of all projections and the head of a fixture whose head is free. */
  void assertSameOfAdapters(List<String> more, String... others) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Set<String> modules =
        ParameterNames.of(base).stream()
            .filter(name -> name.endsWith("_proj.weight") || name.equals("lm_head.weight"))
            .collect(Collectors.toSet());
    List<String> all = new ArrayList<>(List.of(others));
    all.add("phases.one.targeting={method: parameters, unfrozen_parameters: [any]}");
    all.add("phases.one.adapter={type: lora, r: 4, dropout: 0.1, save: peft}");
    assertSame(base, modules, more, all.toArray(String[]::new));
  }

  /**
   * Trains without and with one more setting: every figure that is logged, but those of the clock,
   * and every byte of the result are the same.
   *
   * @param more settings, each of which is tried by itself
   * @param others settings of all runs
   */
  void assertSame(Path base, Set<String> trained, List<String> more, String... others)
      throws IOException {
    SftRun run = new SftRun(folder, base, trained).withRows(30, 12, 17, 40, 25);
    String name = "of-" + trained.hashCode();
    List<Map<String, Number>> expected = train(run, name, List.of(others));
    for (String setting : more) {
      List<String> all = new ArrayList<>(List.of(others));
      all.add(setting);
      String result = name + "-" + setting.hashCode();
      assertThat(train(run, result, all)).as(setting).isEqualTo(expected);
      assertThat(weights(folder.resolve(result)))
          .as(setting)
          .isEqualTo(weights(folder.resolve(name)))
          .isNotEqualTo(weights(base));
    }
  }

  private static List<Map<String, Number>> train(SftRun run, String result, List<String> settings)
      throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "phases.one.max_steps=4",
                "phases.one.micro_batch_size=2",
                "phases.one.gradient_accumulation_steps=2",
                "phases.one.eval_steps=2",
                "phases.one.eval_datasets=[{path: others.jsonl}]"));
    all.addAll(settings);
    RecordingListener heard = new RecordingListener();
    run.train(result, heard, all.toArray(String[]::new));
    assertThat(heard.rows).hasSize(LOGGED);
    return heard.figures();
  }

  private static byte[] weights(Path model) throws IOException {
    return Files.readAllBytes(model.resolve("model.safetensors"));
  }
}
