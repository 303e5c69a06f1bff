package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.util.Utils;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where libraries are unpacked, in processes of their own with a home of their own. A library is
 * here a small file that is unpacked as DJL unpacks: into {@code tmp...}, which then gets its name.
 */
@DisabledOnOs(OS.WINDOWS)
class NativeFolderTest {
  private static final int NOBODY = 65_534;

  @TempDir Path temporary;
  private Path home = Path.of("");
  private Path libraries = Path.of("");

  private record Ended(int code, String out) {}

  /** Loads the library and prints where it is, and whether it had to be unpacked for that. */
  static final class Loader {
    public static void main(String[] args) {
      try {
        System.out.print(NativeFolder.load(NativeFolder.LIBTORCH, () -> library(args)));
      } catch (InputException e) {
        System.out.print(e.getMessage());
        System.exit(2);
      } catch (UncheckedIOException e) {
        System.out.print(e.getMessage());
        System.exit(1);
      }
    }

    private static String library(String[] args) {
      Path engine = Utils.getCacheDir().resolve("pytorch");
      Path library = engine.resolve("2.7/libtorch.so");
      if (Files.exists(library)) {
        return "found " + library;
      }
      try {
        Path half = Files.createDirectories(engine.resolve("tmp1"));
        Files.writeString(half.resolve("libtorch.so"), "code");
        if (Arrays.asList(args).contains("killed")) {
          Runtime.getRuntime().halt(137);
        }
        Files.move(half, library.getParent());
        return "unpacked " + library;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @BeforeEach
  void home() {
    home = temporary.resolve("home");
    libraries = home.resolve("cache/native/pytorch");
  }

  @Test
  void librariesAreUnpackedOnceBelowTheHomeWhereNobodyElseCanWrite() throws Exception {
    Path library = libraries.resolve("2.7/libtorch.so");

    assertThat(load()).isEqualTo(new Ended(0, "unpacked " + library));
    assertThat(load()).isEqualTo(new Ended(0, "found " + library));
    for (Path folder : List.of(home, home.resolve("cache"), home.resolve("cache/native"))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void whatAKilledProcessUnpackedByHalfIsRemoved() throws Exception {
    assertThat(load("killed").code()).isEqualTo(137);
    assertThat(libraries.resolve("tmp1")).isDirectory();

    assertThat(load().out()).startsWith("unpacked");

    try (Stream<Path> left = Files.list(libraries)) {
      assertThat(left).containsExactly(libraries.resolve("2.7"));
    }
  }

  /** As after a power failure, or where somebody put another file beside it. */
  @ParameterizedTest
  @ValueSource(strings = {"2.7/libtorch.so", "2.7/libc10.so"})
  void whatIsNotAsItWasIsUnpackedAnew(String changed) throws Exception {
    load();
    Files.writeString(libraries.resolve(changed), "");

    assertThat(load().out()).startsWith("unpacked");
    assertThat(libraries.resolve("2.7/libtorch.so")).hasContent("code");
    assertThat(libraries.resolve("2.7/libc10.so")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwxr-xrwx", "rwxrwxrwx"})
  void aFolderThatOthersCanWriteToIsRefused(String mode) throws Exception {
    load();
    for (Path folder : List.of(libraries.getParent(), home)) {
      String before = PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(mode));

      assertThat(load())
          .isEqualTo(
              new Ended(
                  2,
                  "other users can write to %s and put other code in the place of the native libraries%s; take that right from them (chmod go-w), or set POLYPHASE_HOME to a folder of yours"
                      .formatted(
                          folder, folder.equals(home) ? " in " + libraries.getParent() : "")));
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(before));
    }
    assertThat(load().code()).isZero();
  }

  /** The folder is closed again, but what was put into it is still there. */
  @Test
  void aFileOfAnotherUserIsRefused() throws Exception {
    assumeThat(TrustedFolder.currentUser()).as("only root can give files away").isZero();
    load();
    for (Path given : List.of(libraries.resolve("2.7/libtorch.so"), home)) {
      Files.setAttribute(given, "unix:uid", NOBODY);

      Ended ended = load();

      assertThat(ended.code()).isEqualTo(2);
      assertThat(ended.out())
          .startsWith(given + " belongs to another user (")
          .endsWith("; set POLYPHASE_HOME to a folder of yours");
      Files.setAttribute(given, "unix:uid", 0);
    }
  }

  @Test
  void aHomeThatCannotBeWrittenToIsReplacedByAFolderThatGoes() throws Exception {
    Files.writeString(home, "a file");

    Ended ended = load();

    assertThat(ended.code()).isZero();
    assertThat(ended.out())
        .matches(
            "unpacked \\Q%s\\E/polyphase-tmp-\\d+/native-\\d+/pytorch/2.7/libtorch.so"
                .formatted(temporary));
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left.filter(file -> !file.getFileName().toString().startsWith("hsperf")))
          .containsExactly(home);
    }
  }

  @Test
  void aFailureNamesTheFolderAndWhatToSet() throws Exception {
    Files.createDirectories(libraries.getParent());
    // A folder in the place of the lock: root may open what is read-only.
    Files.createDirectories(libraries.resolveSibling("lock"));
    closed(home, home.resolve("cache"), libraries.getParent());

    Ended ended = load();

    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.out())
        .isEqualTo(
            libraries.getParent()
                + ": this is a folder, and a file is needed; native libraries are unpacked here, for"
                + " which POLYPHASE_HOME names another folder");
  }

  @Test
  void whereTheUserTellsDjlToIsLeftAlone() throws Exception {
    Path told = Files.createDirectories(temporary.resolve("told"));
    closed(told);
    Files.createDirectories(told.resolve("pytorch/tmp7"));

    assertThat(loadWith("DJL_CACHE_DIR", told).out())
        .isEqualTo("unpacked " + told.resolve("pytorch/2.7/libtorch.so"));
    assertThat(told.resolve("pytorch/tmp7")).isDirectory();
    assertThat(home).doesNotExist();

    Files.setPosixFilePermissions(told, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThat(loadWith("DJL_CACHE_DIR", told).out())
        .startsWith("other users can write to " + told)
        .endsWith("or set DJL_CACHE_DIR to a folder of yours");
  }

  private static void closed(Path... folders) throws IOException {
    for (Path folder : folders) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private Ended load(String... args) throws Exception {
    return loadWith("POLYPHASE_HOME", home, args);
  }

  private Ended loadWith(String setting, Path folder, String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Loader.class.getName()));
    command.addAll(Arrays.asList(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().keySet().removeAll(List.of("DJL_CACHE_DIR", "ENGINE_CACHE_DIR"));
    builder.environment().put("POLYPHASE_HOME", home.toString());
    builder.environment().put(setting, folder.toString());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), out);
  }
}
