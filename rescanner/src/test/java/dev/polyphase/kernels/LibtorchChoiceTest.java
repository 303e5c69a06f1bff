package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which libtorch is loaded: on folders that look as pip makes them. */
@EnabledOnOs(OS.LINUX)
class LibtorchChoiceTest {
  @TempDir Path temporary;
  private Path home = Path.of("");

  @BeforeEach
  void home() throws IOException {
    home = Files.createDirectories(temporary.toRealPath().resolve("home"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "auto"})
  void theOneThatIsSetUpIsForMachinesWithAGpu(String auto) throws IOException {
    assertThat(chosen(auto, false).sentence())
        .isEqualTo("the library is Polyphase's own for the CPU, as none for CUDA is set up");
    assertThat(chosen(auto, true).sentence())
        .isEqualTo(
            "the library is Polyphase's own for the CPU, although there is a GPU; polyphase setup"
                + " cuda finds or fetches one for it");

    Path cuda = torch("2.7.1+cu126", "12.6");
    new SetUpLibtorch(cuda, "the torch of python3").write(home);

    assertThat(chosen(auto, false).other()).isEmpty();
    assertThat(chosen(auto, false).sentence()).endsWith("no GPU here for the one that is set up");
    assertThat(chosen(auto, true).other().orElseThrow().path()).isEqualTo(cuda);
    assertThat(chosen(auto, true).sentence())
        .isEqualTo(
            "the library is PyTorch's 2.7.1 for CUDA 12.6, as it is set up (the torch of python3)");
  }

  @Test
  void theCpusIsTakenWhereItIsAskedFor() throws IOException {
    new SetUpLibtorch(torch("2.7.1+cu126", "12.6"), "pip").write(home);

    assertThat(chosen("cpu", true).sentence())
        .isEqualTo("the library is Polyphase's own for the CPU, as POLYPHASE_LIBTORCH says cpu");
  }

  @Test
  void cudasIsTakenWithoutAGpuTooAndMustBeThere() throws IOException {
    assertThatThrownBy(() -> chosen("cuda", true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "POLYPHASE_LIBTORCH says cuda, and no libtorch for CUDA is set up; polyphase setup cuda"
                + " finds or fetches one, or set POLYPHASE_LIBTORCH=cpu");

    Path cuda = torch("2.7.1+cu126", "12.6");
    new SetUpLibtorch(cuda, "pip").write(home);
    assertThat(chosen("cuda", false).other().orElseThrow().path()).isEqualTo(cuda);

    Files.delete(cuda.resolve("libtorch.so"));
    assertThatThrownBy(() -> chosen("cuda", true))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(cuda.toString())
        .hasMessageEndingWith("polyphase setup cuda finds or fetches one");
    assertThat(chosen("auto", true).sentence()).contains("no more in " + cuda, "setup cuda");
  }

  /** Whatever version it was when it was set up: pip may have replaced it. */
  @Test
  void oneThatHasBecomeAnotherVersionIsNotLoaded() throws IOException {
    new SetUpLibtorch(torch("2.8.0+cu128", "12.8"), "pip").write(home);

    assertThat(chosen("auto", true).other()).isEmpty();
  }

  @Test
  void aFolderIsTakenAsItIs() throws IOException {
    Path cuda = torch("2.7.0+cu118", "11.8");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), cuda);

    LibtorchChoice choice = chosen(link.toString(), false);

    // Its libraries look for CUDA's from where they are.
    assertThat(choice.other().orElseThrow().path()).isEqualTo(cuda);
    assertThat(choice.sentence())
        .isEqualTo("the library is PyTorch's 2.7.0 for CUDA 11.8, as POLYPHASE_LIBTORCH says");
  }

  @Test
  void aFolderWithoutOneOrOfAnotherVersionIsRefused() throws IOException {
    assertThatThrownBy(() -> chosen("gpu", true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "POLYPHASE_LIBTORCH is 'gpu', which is none of auto, cpu and cuda, and no folder that"
                + " holds libtorch.so; give one of these");
    Path other = torch("2.8.0", "12.8");
    assertThatThrownBy(() -> chosen(other.toString(), true))
        .isInstanceOf(InputException.class)
        .hasMessage(
            other
                + ": it is libtorch 2.8.0, and 2.7.1 is needed; let POLYPHASE_LIBTORCH name another"
                + " folder");
  }

  /** It names code that is loaded. */
  @Test
  void aChoiceThatOthersCouldChangeIsRefused() throws IOException {
    new SetUpLibtorch(torch("2.7.1+cu126", "12.6"), "pip").write(home);
    Files.setPosixFilePermissions(
        SetUpLibtorch.place(home), PosixFilePermissions.fromString("rwxrwxrwx"));

    assertThatThrownBy(() -> chosen("auto", true))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("other users can write to " + SetUpLibtorch.place(home));
  }

  @Test
  void aDamagedChoiceIsNamed() throws IOException {
    Files.createDirectories(SetUpLibtorch.place(home));
    for (String damaged : new String[] {"{", "{\"folder\": 7}", "{\"folder\": \"lib\"}", "[]"}) {
      Files.writeString(SetUpLibtorch.file(home), damaged);

      assertThatThrownBy(() -> chosen("auto", true))
          .as(damaged)
          .isInstanceOf(InputException.class)
          .hasMessageContaining(SetUpLibtorch.file(home).toString());
    }
  }

  private LibtorchChoice chosen(String setting, boolean gpu) throws IOException {
    return LibtorchChoice.of(
        setting.isEmpty() ? Map.of() : Map.of("POLYPHASE_LIBTORCH", setting), home, gpu);
  }

  private Path torch(String version, String cuda) throws IOException {
    return TorchFolderTest.pips(temporary.toRealPath().resolve("site"), version, cuda);
  }
}
