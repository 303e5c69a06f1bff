package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RescanningTest {
  private static final Phase PHASE =
      PipelineReader.parse(
              """
              name: p
              base_model: any
              phases:
                - {name: one, type: sft, targeting: {top_percent: 50, modules: [mlp.up_proj]},
                   learning_rate: 1, datasets: [{path: a}], rescan_every: 5}
              """,
              "p.yaml",
              List.of())
          .phases()
          .get(0);

  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  /** As it stops the first scan: between two modules. */
  @Test
  void aSignalStopsARescan() throws IOException {
    Checkpoint weights = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    int[] asked = {0};

    assertThatThrownBy(() -> rescanning(() -> ++asked[0] == 3).of(weights, 200))
        .isInstanceOf(InterruptedTrainingException.class)
        .satisfies(e -> assertThat(((InterruptedTrainingException) e).step()).isEqualTo(200));
    assertThat(asked[0]).isEqualTo(3);
    assertThat(new PhaseFolder(folder).rescansDone()).isEmpty();
    assertThat(notes).isEmpty();
  }

  @Test
  void eachIsComparedWithTheOneBefore() throws IOException {
    Checkpoint weights = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    select("- ^lm_head.weight$", "- model.layers.0.mlp.up_proj", "- model.layers.1.mlp.up_proj");
    Rescanning rescanning = rescanning(() -> false);

    assertThat(rescanning.of(weights, 5).trainable())
        .isEqualTo(rescanning.of(weights, 1_234_567).trainable())
        .hasSize(4);

    PhaseFolder phase = new PhaseFolder(folder);
    assertThat(phase.rescansDone().keySet()).containsExactly(5L, 1_234_567L);
    assertThat(phase.rescan(5).path()).isEqualTo(folder.resolve("rescans/step-000005"));
    MovedModules moved = MovedModules.between(phase.decision(), phase.rescan(5));
    assertThat(notes)
        .containsExactly(
            moved.sentence(5), "rescan after step 1,234,567: the same 4 modules as before");
    assertThat(moved.entered()).contains("model.embed_tokens");
    assertThat(moved.stayed() + moved.entered().size()).isEqualTo(4);
    assertThat(moved.stayed() + moved.left().size()).isEqualTo(3);
  }

  @Test
  void aFewModulesAreNamed() {
    assertThat(new MovedModules(List.of("a", "b"), List.of("c"), 1200).sentence(3))
        .isEqualTo("rescan after step 3: 2 modules entered (a, b), 1 left (c), 1,200 stay");
    assertThat(new MovedModules(List.of("a"), List.of(), 2).sentence(3))
        .isEqualTo("rescan after step 3: 1 module entered (a), 0 left, 2 stay");
    assertThat(
            new MovedModules(List.of("a", "b", "c", "d"), List.of("e", "f", "g"), 0).sentence(1000))
        .isEqualTo("rescan after step 1,000: 4 modules entered, 3 left (e, f, g), 0 stay");
  }

  private void select(String... lines) throws IOException {
    Files.write(new PhaseFolder(folder).decision().selectionYaml(), List.of(lines));
  }

  private Rescanning rescanning(BooleanSupplier stopped) {
    StopSignal stop =
        new StopSignal() {
          @Override
          public void listen() {}

          @Override
          public boolean requested() {
            return stopped.getAsBoolean();
          }

          @Override
          public boolean saveRequested() {
            return false;
          }
        };
    return new Rescanning(
        PHASE,
        42,
        new PhaseFolder(folder),
        Floats.singularValues(),
        stop,
        new RunEvents("run"),
        notes::add,
        new SideFiles(notes::add));
  }
}
