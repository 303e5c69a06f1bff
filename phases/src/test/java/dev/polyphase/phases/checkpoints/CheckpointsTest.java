package dev.polyphase.phases.checkpoints;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointsTest {
  @TempDir Path folder;

  /** Training goes on while a checkpoint is written, and what it keeps on disk moves on with it. */
  @Test
  void aFileIsTheOneThatWasThereWhenItsCheckpointWasBegun() throws IOException {
    Path best = Files.writeString(folder.resolve("best"), "of step 2");
    Path rested = Files.writeString(folder.resolve("rested"), "of step 1");
    Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"));
    StateWriter state = new StateWriter();
    state.put("step", 2);
    state.file("best.safetensors", best);
    state.file("rested.safetensors", rested);

    checkpoints.begin(2, state);
    Path next = Files.writeString(folder.resolve("next"), "of step 4");
    Files.move(next, best, StandardCopyOption.REPLACE_EXISTING);
    Files.delete(rested);
    Path written = checkpoints.complete(2, state).folder();

    assertThat(written.resolve("best.safetensors")).hasContent("of step 2");
    assertThat(written.resolve("rested.safetensors")).hasContent("of step 1");
    assertThat(checkpoints.newest(fault -> {})).get().returns(2L, found -> found.number("step"));
    assertThat(folder.resolve("checkpoints").toFile().list()).containsExactly("step-000002");
  }
}
