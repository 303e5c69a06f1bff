package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's runtime is found: on folders as pip makes them. */
@EnabledOnOs(OS.LINUX)
class CudaRuntimeTest {
  @TempDir Path site;

  @Test
  void isBesideLibtorchOrAmongThePackagesOfPip() throws IOException {
    Path torch = Files.createDirectories(site.resolve("torch/lib"));
    assertThat(CudaRuntime.folder(torch.toString())).isEmpty();

    Path thirteen = withRuntime(site.resolve("nvidia/cu13/lib"), "libcudart.so.13");
    assertThat(CudaRuntime.folder(torch.toString())).contains(thirteen);
    Path twelve = withRuntime(site.resolve("nvidia/cuda_runtime/lib"), "libcudart.so.12");
    assertThat(CudaRuntime.folder(torch.toString())).contains(twelve);
    withRuntime(torch, "libcudart.so");
    assertThat(CudaRuntime.folder(torch.toString())).contains(torch);
  }

  @Test
  void anyEntryMayNameIt() throws IOException {
    Path torch = Files.createDirectories(site.resolve("torch/lib"));
    Path library = Files.createFile(torch.resolve("libtorch.so"));
    Path twelve = withRuntime(site.resolve("nvidia/cuda_runtime/lib"), "libcudart.so.12");

    String entries = String.join(File.pathSeparator, "/not/there", "", library.toString());
    assertThat(CudaRuntime.folder(entries)).contains(twelve);
    Path link = Files.createSymbolicLink(site.resolve("link"), torch);
    assertThat(CudaRuntime.folder(link.toString())).contains(twelve);
  }

  @Test
  void aNameThatJnaDoesNotFindIsNone() throws IOException {
    Path torch = withRuntime(site.resolve("torch/lib"), "libcudart-9335f6a2.so.12");

    assertThat(CudaRuntime.folder(torch.toString())).isEmpty();
  }

  /** By another name: the system may have a libcudart of its own, which comes first. */
  @Test
  void jnaFindsAVersionedNameThere() throws IOException {
    Path torch = Files.createDirectories(site.resolve("torch/lib"));
    Path twelve = withRuntime(site.resolve("nvidia/cuda_runtime/lib"), "libcudart.so.12");
    Path anyLibrary = LoadedLibtorch.get().folder().resolve(System.mapLibraryName("c10"));
    Path library = Files.copy(anyLibrary, twelve.resolve("libpolyphase.so.12"));
    assertThatThrownBy(() -> NativeLibrary.getInstance("polyphase"))
        .isInstanceOf(UnsatisfiedLinkError.class);

    String before = System.getProperty("jna.library.path", "");
    System.setProperty(
        "jna.library.path", CudaRuntime.folder(torch.toString()).orElseThrow().toString());
    try (NativeLibrary found = NativeLibrary.getInstance("polyphase")) {
      assertThat(found.getFile().toPath()).isEqualTo(library);
    } finally {
      System.setProperty("jna.library.path", before);
    }
  }

  private static Path withRuntime(Path folder, String name) throws IOException {
    Files.createDirectories(folder);
    Files.createFile(folder.resolve(name));
    return folder.toRealPath();
  }
}
