package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SaveRequestsTest {
  private static final long SECOND = 1_000_000_000L;

  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();
  private boolean signalled;
  private long nanos = Long.MAX_VALUE - SECOND / 2;

  @Test
  void aSignalAsksOnce() {
    SaveRequests requests = requests();
    assertThat(requests.taken()).isFalse();
    signalled = true;
    assertThat(requests.taken()).isTrue();
    assertThat(requests.taken()).isFalse();
  }

  @Test
  void aFileAsksOnceAndIsLookedForEachSecond() throws IOException {
    SaveRequests requests = requests();
    Path save = Files.createFile(folder.resolve("save"));
    assertThat(requests.taken()).isTrue();
    assertThat(save).doesNotExist();

    Files.createFile(save);
    nanos += SECOND - 1;
    assertThat(requests.taken()).isFalse();
    assertThat(save).exists();
    // The clock may pass the largest number.
    nanos += 1;
    assertThat(requests.taken()).isTrue();
    assertThat(save).doesNotExist();
    assertThat(notes).isEmpty();
  }

  @Test
  void oneCheckpointTakesUpBoth() throws IOException {
    SaveRequests requests = requests();
    Path save = Files.createFile(folder.resolve("save"));
    signalled = true;

    assertThat(requests.taken()).isTrue();

    nanos += 2 * SECOND;
    assertThat(requests.taken()).isFalse();
    assertThat(save).doesNotExist();
  }

  /** As a folder that is not empty can't. */
  @Test
  void whatCanNotBeRemovedAsksOnceAndIsSaid() throws IOException {
    SaveRequests requests = requests();
    Path save = folder.resolve("save");
    Files.createDirectories(save.resolve("more"));

    assertThat(requests.taken()).isTrue();

    nanos += 2 * SECOND;
    assertThat(requests.taken()).isFalse();
    assertThat(notes).hasSize(1).first().asString().startsWith(save + " can't be removed");
    signalled = true;
    assertThat(requests.taken()).isTrue();
  }

  private SaveRequests requests() {
    StopSignal signal =
        new StopSignal() {
          @Override
          public void listen() {}

          @Override
          public boolean requested() {
            return false;
          }

          @Override
          public boolean saveRequested() {
            boolean asked = signalled;
            signalled = false;
            return asked;
          }
        };
    return new SaveRequests(signal, folder.resolve("save"), () -> nanos, notes::add);
  }
}
