package dev.polyphase.orchestrator.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhaseFolderTest {
  @TempDir Path parent;
  private PhaseFolder phase = new PhaseFolder(Path.of(""));

  @BeforeEach
  void folder() throws IOException {
    phase = new PhaseFolder(Files.createDirectory(parent.resolve("phase-01-one")));
  }

  @Test
  void theNewestCheckpointIsTheLastThatIsComplete() throws IOException {
    assertThat(phase.newestCheckpoint()).isEmpty();
    put("checkpoints/step-000009/manifest.json");
    put("checkpoints/step-1000000/manifest.json");
    put("checkpoints/step-1000001/state.json");
    put("checkpoints/.step-1000002.tmp-1/manifest.json");
    put("checkpoints/step-9999999");

    assertThat(phase.newestCheckpoint())
        .contains(new PhaseFolder.KeptStep(1_000_000, phase.checkpoints().resolve("step-1000000")));
  }

  @Test
  void anEnginesCheckpointsAreKnownOnceTheyAreComplete() throws IOException {
    put("engine/checkpoints/checkpoint-9/manifest.json");
    put("engine/checkpoints/checkpoint-100/manifest.json");
    put("engine/checkpoints/checkpoint-200/0.distcp");
    put("engine/checkpoints/tmp-checkpoint-300/manifest.json");

    Path hundredth = phase.engine().resolve("checkpoints/checkpoint-100");
    assertThat(phase.newestCheckpoint()).contains(new PhaseFolder.KeptStep(100, hundredth));
    assertThat(phase.keptSteps()).extracting(PhaseFolder.KeptStep::step).containsExactly(9L, 100L);
    String before = phase.stampOfKept();
    put("engine/checkpoints/checkpoint-200/manifest.json");
    assertThat(phase.stampOfKept()).isNotEqualTo(before);
  }

  @Test
  void aPhaseGoesOnFromACheckpointOrWithAJob() throws IOException {
    assertThat(phase.goesOn()).isFalse();
    put("engine/train.jsonl");
    assertThat(phase.goesOn()).isFalse();
    put("engine/job.json");
    assertThat(phase.goesOn()).isTrue();
    assertThat(phase.newestCheckpoint()).isEmpty();

    phase.startAnew();

    assertThat(phase.engine()).doesNotExist();
    put("engine/checkpoints/checkpoint-1/manifest.json");
    assertThat(phase.goesOn()).isTrue();
  }

  @Test
  void whatIsLargeOfAnEnginesJobGoes() throws IOException {
    for (String name :
        new String[] {
          "job.json",
          "driver.log",
          "train.jsonl",
          "eval.jsonl",
          "trained/00001.safetensors",
          "checkpoints/checkpoint-1/manifest.json"
        }) {
      put("engine/" + name);
    }

    phase.removeRowsOfEngine();
    assertThat(phase.newestCheckpoint()).isPresent();
    phase.removeCheckpoints();

    try (Stream<Path> left = Files.list(phase.engine())) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("job.json", "driver.log");
    }
  }

  @Test
  void rescansAfterAStepAreRemoved() throws IOException {
    for (String step : new String[] {"000005", "000010", "000015"}) {
      put("rescans/step-" + step + "/selection.yaml");
    }

    phase.removeRescansAfter(10);

    assertThat(phase.rescansDone().keySet()).containsExactly(5L, 10L);
    assertThat(phase.path().resolve("rescans/step-000015")).doesNotExist();
  }

  @Test
  void noModelAndNoEvidenceIsEverRemoved() throws IOException {
    put("model/config.json");
    put("last-good/config.json");
    put("last-good.old-1/config.json");
    put("last-good-step-40/config.json");
    put("failed-step.json");
    put("failed-step.old-1.json");
    put("metrics.jsonl");
    put("checkpoints/step-000001/state.json");

    assertThat(phase.startAnew())
        .extracting(renamed -> renamed.to().getFileName().toString())
        .containsExactly("failed-step.old-2.json", "last-good.old-2", "model.old-1");

    assertThat(names())
        .containsExactly(
            "failed-step.old-1.json",
            "failed-step.old-2.json",
            "last-good-step-40",
            "last-good.old-1",
            "last-good.old-2",
            "model.old-1");
    assertThat(phase.startAnew()).isEmpty();
    assertThat(names()).hasSize(6);
    assertThat(phase.giveUp()).isEmpty();
    assertThat(phase.path()).isDirectory();
  }

  @Test
  void nothingIsLeftOfAPhaseThatHadNone() throws IOException {
    put("metrics.jsonl");

    assertThat(phase.giveUp()).isEmpty();

    assertThat(phase.path()).doesNotExist();
    assertThat(phase.giveUp()).isEmpty();
    assertThat(phase.startAnew()).isEmpty();
    assertThat(phase.path()).isEmptyDirectory();
  }

  private void put(String file) throws IOException {
    Path path = phase.path().resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, "");
  }

  private Stream<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(phase.path())) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList().stream();
    }
  }
}
