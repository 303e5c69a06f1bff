package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class TorchFolderTest {
  @TempDir Path folder;

  @Test
  void pipsSaysItsVersionInPython() throws IOException {
    TorchFolder torch = TorchFolder.at(pips(folder, "2.7.1+cu126", "12.6")).orElseThrow();

    assertThat(torch.version()).isEqualTo("2.7.1+cu126");
    assertThat(torch.cuda()).isEqualTo("12.6");
    assertThat(torch.problem()).isEmpty();
    assertThat(torch.description()).isEqualTo("2.7.1 for CUDA 12.6");
  }

  @Test
  void anArchiveSaysItInAFileOfItsOwn() throws IOException {
    Path lib = Files.createDirectories(folder.resolve("libtorch/lib"));
    Files.createFile(lib.resolve("libtorch.so"));
    Files.writeString(lib.resolveSibling("build-version"), "2.7.1+cu128\n");
    assertThat(TorchFolder.at(lib).orElseThrow().description()).isEqualTo("2.7.1 for the CPU");

    Files.createFile(lib.resolve("libtorch_cuda.so"));
    assertThat(TorchFolder.at(lib).orElseThrow().description()).isEqualTo("2.7.1 for CUDA 12.8");
  }

  @Test
  void nothingIsKnownAgainstOneThatSaysNothing() throws IOException {
    Files.createFile(folder.resolve("libtorch.so"));

    TorchFolder torch = TorchFolder.at(folder).orElseThrow();

    assertThat(torch.problem()).isEmpty();
    assertThat(torch.description()).isEqualTo("of unknown version for the CPU");
  }

  @Test
  void aFolderWithoutLibtorchIsNone() throws IOException {
    assertThat(TorchFolder.at(folder)).isEmpty();
    assertThat(TorchFolder.at(folder.resolve("not there"))).isEmpty();
  }

  @Test
  void withoutADriverAllButWhatNeedsItIsLinked() throws IOException {
    Path lib = pips(folder, "2.7.1+cu126", "12.6");
    Files.createFile(lib.resolve("libcaffe2_nvrtc.so"));
    Path runtime = Files.createDirectories(folder.resolve("nvidia/cuda_runtime/lib"));
    Files.writeString(runtime.resolve("libcudart.so.12"), "CUDA's");

    Path view = DriverlessView.of(lib);

    assertThat(view.resolve("libtorch_cuda.so")).isSymbolicLink().exists();
    assertThat(view.resolve("libcaffe2_nvrtc.so")).doesNotExist();
    // Where libtorch looks for it, from where it lies.
    assertThat(view.resolve("../../nvidia/cuda_runtime/lib/libcudart.so.12").normalize())
        .hasContent("CUDA's");
    assertThat(view.resolve("../../cusparselt").normalize()).doesNotExist();
  }

  /** A folder as pip makes it, without any code. */
  static Path pips(Path site, String version, String cuda) throws IOException {
    Path lib = Files.createDirectories(site.resolve("torch/lib"));
    for (String name : new String[] {"libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so"}) {
      Files.writeString(lib.resolve(name), "");
    }
    Files.writeString(
        lib.resolveSibling("version.py"),
        """
        from typing import Optional

        __all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']
        __version__ = '%s'
        debug = False
        cuda: Optional[str] = '%s'
        git_version = 'e2d141dbde55c2a4370fac5165b0561b6af4798b'
        """
            .formatted(version, cuda));
    return lib;
  }
}
