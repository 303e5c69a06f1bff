package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.orchestrator.libtorch.LibtorchTrial;
import dev.polyphase.orchestrator.libtorch.LibtorchTrial.Finding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class SetupTest {
  @TempDir Path folder;

  /** A libtorch that is there: Polyphase's own, by its folder. */
  @Test
  void aTrialLoadsALibtorchInAProcessOfItsOwnAndMultiplies() throws IOException {
    Path own = LoadedLibtorch.get().folder();

    LibtorchTrial.Outcome outcome = new DoctorTrial().of(own);

    assertThat(outcome.works()).isTrue();
    assertThat(outcome.findings())
        .extracting(Finding::name)
        .containsExactly("libtorch", "devices", "kernel in float32", "kernel in bfloat16");
    assertThat(outcome.findings().get(0).found())
        .isEqualTo(
            "2.7.1 in "
                + own.toRealPath()
                + "; the library is PyTorch's of unknown version for the CPU, as"
                + " POLYPHASE_LIBTORCH says");
  }

  @Test
  void aTrialSaysWhyNothingCouldBeLoaded() throws IOException {
    LibtorchTrial.Outcome outcome = new DoctorTrial().of(folder);

    assertThat(outcome.works()).isFalse();
    assertThat(outcome.findings().get(0).found()).contains("no folder that holds libtorch.so");
  }

  @Test
  void aProcessThatWentDownIsAFailure() {
    for (String said : new String[] {"", "{\"ok\":", "# A fatal error has been detected"}) {
      assertThat(DoctorTrial.outcome(said))
          .isEqualTo(
              new LibtorchTrial.Outcome(
                  false,
                  false,
                  List.of(new Finding("libtorch", "the process that loaded it went down"))));
    }
  }

  @Test
  void nativeLibrariesCanBeUnpackedBeforehand() {
    Polyphase.Ended ended = Polyphase.execute("setup", "native");

    assertThat(ended).isEqualTo(new Polyphase.Ended(0, LoadedLibtorch.cacheFolder() + "\n", ""));
  }

  @Test
  @DisabledOnOs(OS.LINUX)
  void otherSystemsAreTold() {
    assertThat(Polyphase.execute("setup", "cuda").exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
  }
}
