package dev.polyphase.orchestrator.libtorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.polyphase.kernels.SetUpLibtorch;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sets up a libtorch with a Python that is a script: it says where its torch is, and its pip puts
 * files where it is told to, or fails. Nothing is fetched.
 */
@EnabledOnOs(OS.LINUX)
class CudaSetupTest {
  private static final LibtorchTrial.Outcome WORKS =
      new LibtorchTrial.Outcome(true, false, List.of());
  private static final LibtorchTrial.Outcome FAILS =
      new LibtorchTrial.Outcome(
          false, false, List.of(new LibtorchTrial.Finding("libtorch", "it can't be loaded")));

  @TempDir Path temporary;
  private final List<String> messages = new ArrayList<>();
  private final List<Path> tried = new ArrayList<>();
  private Path home = Path.of("");
  private Path python = Path.of("");

  @BeforeEach
  void home() throws IOException {
    home = temporary.toRealPath().resolve("home");
    python = temporary.resolve("python3");
  }

  @Test
  void whatPythonHasIsTakenAndKept() throws IOException {
    Path lib = torch("2.7.1+cu126", "12.6");
    python("echo noise\necho '" + lib + "'", "exit 1");

    CudaSetup.Done done = setup(WORKS, false).run();

    assertThat(done.libtorch().folder()).isEqualTo(lib);
    assertThat(tried).containsExactly(lib);
    assertThat(SetUpLibtorch.read(home)).contains(done.libtorch());
    assertThat(messages).isEmpty();
  }

  /** The real thing asks for the module's place and runs nothing of it. */
  @Test
  void aRealPythonSaysWhereTorchIsWithoutImportingIt() throws IOException {
    Path lib = torch("2.7.1+cu126", "12.6");
    Path imported = temporary.resolve("imported");
    Files.writeString(
        lib.resolveSibling("__init__.py"), "open('" + imported + "', 'w')\nraise ImportError\n");
    Files.writeString(
        python,
        "#!/bin/sh\nPYTHONPATH='%s' exec python3 \"$@\"\n".formatted(lib.getParent().getParent()));
    executable(python);
    assumeTrue(
        new OutsideProgram("python3", "--version").run(line -> {}) == 0, "there is no python3");

    assertThat(new PythonTorch(python.toString(), messages::add).find().orElseThrow().folder())
        .isEqualTo(lib);
    assertThat(imported).doesNotExist();
  }

  @Test
  void anotherVersionAndABuildForTheCpuArePassedOver() throws IOException {
    Path lib = torch("2.8.0+cu128", "12.8");
    python("echo '" + lib + "'", pip());
    assertThat(setup(WORKS, false).run().libtorch().origin()).isEqualTo("fetched by pip");
    assertThat(messages.get(0))
        .isEqualTo(
            lib
                + ": "
                + python
                + "'s torch is passed over, it is libtorch 2.8.0+cu128, and 2.7.1 is needed");

    messages.clear();
    torch("2.7.1+cpu", "");
    Files.delete(lib.resolve("libtorch_cuda.so"));
    setup(WORKS, false).run();
    assertThat(messages.get(0)).endsWith("it is built for the CPU");

    messages.clear();
    torch("2.7.1+cu118", "11.8");
    setup(WORKS, false).run();
    assertThat(messages.get(0)).endsWith("it is built for CUDA 11.8, and 12 is needed");
  }

  @Test
  void pipFetchesTorchAndWhatItNamesOfCudaAndLibrariesAloneAreUnpacked() throws IOException {
    python("", pip());

    SetUpLibtorch libtorch = setup(WORKS, false).run().libtorch();

    Path place = home.resolve("libtorch");
    Path fetched = place.resolve("torch-2.7.1");
    assertThat(libtorch.folder()).isEqualTo(fetched.resolve("torch/lib"));
    assertThat(names(place)).containsExactlyInAnyOrder("libtorch.json", "lock", "torch-2.7.1");
    try (Stream<Path> files = Files.walk(fetched)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> fetched.relativize(file) + ""))
          .containsExactlyInAnyOrder(
              "torch/lib/libtorch.so",
              "torch/lib/libtorch_cuda.so",
              "torch/version.py",
              "torch-2.7.1.dist-info/METADATA",
              "torch-2.7.1.dist-info/LICENSE",
              "nvidia/nccl/lib/libnccl.so.2",
              "nvidia_nccl_cu12-2.26.2.dist-info/License.txt");
    }
    assertThat(messages)
        .containsExactly(
            python + " has no torch",
            "fetching torch 2.7.1 and CUDA's libraries by pip: about 2.65 GiB into %s, where 4.28 GiB stay"
                .formatted(place),
            "pip: Downloading torch==2.7.1",
            "pip: Downloading nvidia-nccl-cu12==2.26.2");
    assertThat(Files.readAllLines(temporary.resolve("asked")).get(0))
        .contains("--only-binary :all:", "--no-deps", "--dest " + place.resolve("arriving"))
        .endsWith(" torch==2.7.1");

    // Once is enough.
    Files.delete(temporary.resolve("asked"));
    messages.clear();
    assertThat(setup(WORKS, true).run().libtorch()).isEqualTo(libtorch);
    assertThat(temporary.resolve("asked")).doesNotExist();
    assertThat(messages).containsExactly(libtorch.folder() + ": fetched earlier");
  }

  @Test
  void anAttemptThatFailsGoesOnWithThePackageThatItFailedAt() throws IOException {
    python("", pip());
    Path nccl = index().resolve("nvidia-nccl-cu12==2.26.2");
    Path aside = Files.move(nccl, temporary.resolve("aside"));

    assertThatThrownBy(() -> setup(WORKS, true).run())
        .isInstanceOf(OperationFailedException.class)
        .hasMessageStartingWith("no libtorch for CUDA was found or could be fetched");
    assertThat(messages)
        .contains("pip can't fetch nvidia-nccl-cu12==2.26.2: ERROR: no such package")
        .last()
        .isEqualTo("DJL can't fetch libtorch 2.7.1 for CUDA either");
    assertThat(SetUpLibtorch.read(home)).isEmpty();
    assertThat(names(home.resolve("libtorch"))).containsExactlyInAnyOrder("lock", "wheels");

    Files.move(aside, nccl);
    Files.delete(temporary.resolve("asked"));
    assertThat(setup(WORKS, true).run().libtorch().origin()).isEqualTo("fetched by pip");
    assertThat(Files.readAllLines(temporary.resolve("asked")))
        .hasSize(1)
        .allMatch(asked -> asked.endsWith(" nvidia-nccl-cu12==2.26.2"));
    assertThat(home.resolve("libtorch/wheels")).doesNotExist();
  }

  @Test
  void aWheelThatLeadsElsewhereIsRefused() throws IOException {
    Path wheel = index().resolve("nvidia-nccl-cu12==2.26.2/nvidia_nccl_cu12-2.26.2-none.whl");
    wheel(wheel, Map.of("nvidia/nccl/lib/../../../../../stolen", ""));
    python("", pip());

    assertThatThrownBy(() -> setup(WORKS, true).run())
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("it holds a file outside of itself");
    assertThat(home.resolve("stolen")).doesNotExist();
    assertThat(SetUpLibtorch.read(home)).isEmpty();
  }

  @Test
  void withoutPipDjlFetches() throws IOException {
    python("", "exit 1");
    Path djl = home.resolve("libtorch/djl/pytorch/2.7.1-cu128-linux-x86_64");
    List<String> loading =
        List.of(
            "sh",
            "-c",
            "mkdir -p \"$DJL_CACHE_DIR/pytorch/$PYTORCH_VERSION-$PYTORCH_FLAVOR-linux-x86_64\""
                + " && cd \"$DJL_CACHE_DIR/pytorch/\"* && touch libtorch.so libtorch_cuda.so; exit 1");

    SetUpLibtorch libtorch =
        CudaSetup.of(home, python.toString(), false, loading, trial(WORKS), messages::add)
            .run()
            .libtorch();

    assertThat(libtorch).isEqualTo(new SetUpLibtorch(djl, "fetched by DJL"));
    assertThat(messages).contains(python + " has no pip, which would fetch torch");
  }

  @Test
  void oneThatDoesNotWorkIsNotKept() throws IOException {
    Path lib = torch("2.7.1+cu126", "12.6");
    python("echo '" + lib + "'", "exit 1");

    assertThatThrownBy(() -> setup(FAILS, false).run())
        .isInstanceOf(OperationFailedException.class);

    assertThat(messages).contains(lib + ": libtorch: it can't be loaded");
    assertThat(SetUpLibtorch.file(home)).doesNotExist();
  }

  @Test
  void aPythonThatIsNotThereIsNamed() throws IOException {
    assertThatThrownBy(() -> setup(WORKS, false).run())
        .isInstanceOf(OperationFailedException.class);
    assertThat(messages).contains(python + " is not there; POLYPHASE_PYTHON names another Python");
  }

  private CudaSetup setup(LibtorchTrial.Outcome outcome, boolean fetch) {
    return CudaSetup.of(
        home, python.toString(), fetch, List.of("false"), trial(outcome), messages::add);
  }

  private LibtorchTrial trial(LibtorchTrial.Outcome outcome) {
    return folder -> {
      tried.add(folder);
      return outcome;
    };
  }

  /** A Python that answers where torch is, and runs pip, by a script each. */
  private void python(String whereTorchIs, String pip) throws IOException {
    Files.writeString(
        python,
        "#!/bin/sh\nif [ \"$1\" = -c ]; then\n%s\nexit 0\nfi\n%s\n".formatted(whereTorchIs, pip));
    executable(python);
  }

  /** What pip download does: it copies from an index, here a folder, into its destination. */
  private String pip() throws IOException {
    return """
        case "$*" in *--version*) exit 0 ;; esac
        echo "$@" >> '%s'
        for last; do :; done
        [ -d "%s/$last" ] || { echo 'ERROR: no such package'; exit 1; }
        echo "  Downloading $last"
        while [ "$1" != --dest ]; do shift; done
        cp "%s/$last"/* "$2"
        """
        .formatted(temporary.resolve("asked"), index(), index());
  }

  private Path index() throws IOException {
    Path index = temporary.resolve("index");
    if (!Files.exists(index)) {
      wheel(
          index.resolve("torch==2.7.1/torch-2.7.1-cp312-none.whl"),
          Map.of(
              "torch/__init__.py", "",
              "torch/version.py", "__version__ = '2.7.1+cu126'",
              "torch/lib/libtorch.so", "",
              "torch/lib/libtorch_cuda.so", "",
              "torch/include/torch.h", "",
              "torch-2.7.1.dist-info/METADATA",
                  """
              Name: torch
              Requires-Dist: sympy>=1.13
              Requires-Dist: nvidia-nccl-cu12==2.26.2; platform_system == 'Linux'
              Requires-Dist: triton==3.3.1
              """,
              "torch-2.7.1.dist-info/LICENSE", "BSD"));
      wheel(
          index.resolve("nvidia-nccl-cu12==2.26.2/nvidia_nccl_cu12-2.26.2-none.whl"),
          Map.of(
              "nvidia/nccl/lib/__init__.py", "",
              "nvidia/nccl/lib/libnccl.so.2", "",
              "nvidia/nccl/include/nccl.h", "",
              "nvidia_nccl_cu12-2.26.2.dist-info/License.txt", "NVIDIA"));
    }
    return index;
  }

  private static void wheel(Path file, Map<String, String> entries) throws IOException {
    Files.createDirectories(file.getParent());
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private Path torch(String version, String cuda) throws IOException {
    Path lib = Files.createDirectories(temporary.toRealPath().resolve("site/torch/lib"));
    for (String name : List.of("libtorch.so", "libtorch_cuda.so")) {
      Files.writeString(lib.resolve(name), "");
    }
    Files.writeString(
        lib.resolveSibling("version.py"),
        "__version__ = '%s'\ncuda: Optional[str] = '%s'\n".formatted(version, cuda));
    return lib;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
