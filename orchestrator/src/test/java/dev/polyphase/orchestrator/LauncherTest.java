package dev.polyphase.orchestrator;

import static java.nio.file.StandardOpenOption.APPEND;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The launcher script in a house of its own: a copy beside sources, with a {@code java} that prints
 * what it was called with and a {@code mvnw} that counts its calls.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final Path SCRIPT = Path.of("").toAbsolutePath().resolveSibling("polyphase");

  private static final List<String> PROGRAMS =
      List.of(
          "cat cut dirname find grep head ln locale mkdir mv ps readlink rm sed sh sleep sort stty tr"
              .split(" ", -1));

  private static final String SHOW_HEAP =
      "echo \"arenas ${MALLOC_ARENA_MAX:-}; large ${MALLOC_MMAP_THRESHOLD_:-};"
          + " trim ${MALLOC_TRIM_THRESHOLD_:-}; wait $OMP_WAIT_POLICY; set $POLYPHASE_JAVA_SETTINGS\"\n";

  @TempDir Path folder;
  private Path house = Path.of("");
  private Path elsewhere = Path.of("");

  private record Ended(int code, String out, String err) {}

  @BeforeEach
  void build() throws IOException {
    house = Files.createDirectories(folder.resolve("a house"));
    elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Files.copy(SCRIPT, house.resolve("polyphase"));
    Files.writeString(house.resolve("pom.xml"), "");
    Path sources = Files.createDirectories(house.resolve("orchestrator/src/main/java"));
    Files.writeString(sources.resolve("A.java"), "");
    Files.writeString(house.resolve("orchestrator/pom.xml"), "");
    executable(
        house.resolve("mvnw"),
        """
        echo build noise
        echo "$@" >> builds.txt
        mkdir -p orchestrator/target/lib
        : > orchestrator/target/polyphase.jar
        """);
    jdk("17", "17.0.15");
    // All that is there is older than any build.
    try (Stream<Path> files = Files.walk(house)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
      }
    }
  }

  @Test
  void buildsOnceAndHandsOverToJava() throws Exception {
    Ended first = launch(Map.of("POLYPHASE_JAVA_OPTS", "-Xmx1g -Da=b"), "run", "a b.yaml");

    assertThat(first.code()).isZero();
    assertThat(first.err()).isEqualTo("polyphase: building (first use)…\n");
    Path home = house.toRealPath();
    assertThat(first.out())
        .isEqualTo(
            String.join(
                    "\n",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Xmx1g",
                    "-Da=b",
                    "-cp",
                    home
                        + "/orchestrator/target/polyphase.jar:"
                        + home
                        + "/orchestrator/target/lib/*",
                    "dev.polyphase.orchestrator.cli.Main",
                    "run",
                    "a b.yaml",
                    "in " + elsewhere.toRealPath())
                + "\n");
    assertThat(launch(Map.of(), "--help").err()).isEmpty();
    assertThat(builds()).containsExactly("-q -B -ntp -DskipTests package");
  }

  @Test
  void buildsAgainAfterAChangeOfASource() throws Exception {
    launch(Map.of(), "--help");
    Path source = house.resolve("orchestrator/src/main/java/A.java");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));

    assertThat(launch(Map.of(), "--help").err())
        .isEqualTo("polyphase: building (the sources changed)…\n");
    assertThat(builds()).hasSize(2);
  }

  @Test
  void showsTheOutputOfABuildThatFails() throws Exception {
    executable(house.resolve("mvnw"), "echo what went wrong\nexit 1\n");

    Ended ended = launch(Map.of(), "--help");
    assertThat(ended.code()).isEqualTo(1);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err()).contains("what went wrong", "polyphase: the build failed");
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    Process one = start(Map.of(), "--help");
    Process other = start(Map.of(), "--help");

    assertThat(List.of(end(one).code(), end(other).code())).containsExactly(0, 0);
    assertThat(builds()).hasSize(1);
  }

  @Test
  void findsItsFolderThroughLinks() throws Exception {
    Path bin = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("first"), Path.of("../a house/polyphase"));
    Files.createSymbolicLink(bin.resolve("polyphase"), bin.resolve("first"));

    Ended ended = end(start(bin.resolve("polyphase"), Map.of(), "--version"));
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains(house.toRealPath() + "/orchestrator/target/polyphase.jar");
  }

  @Test
  void inAnImageItStartsWhatIsBesideItAndBuildsNothing() throws Exception {
    Path image = folder.resolve("image");
    Files.createDirectories(image.resolve("lib"));
    Files.createDirectories(image.resolve("native"));
    Files.createFile(image.resolve("lib/polyphase.jar"));
    Path script = Files.createDirectories(image.resolve("bin")).resolve("polyphase");
    Files.copy(SCRIPT, script);
    Files.writeString(
        folder.resolve("jdk-17/bin/java"), "echo \"native $DJL_CACHE_DIR\"\n", APPEND);

    Ended ended = end(start(script, Map.of("DJL_CACHE_DIR", ""), "serve"));

    assertThat(ended.code()).isZero();
    assertThat(ended.err()).isEmpty();
    Path real = image.toRealPath();
    assertThat(ended.out())
        .contains("\n" + real + "/lib/polyphase.jar:" + real + "/lib/*\n")
        .endsWith("native " + real + "/native\n");
  }

  @Test
  void refusesAJavaThatIsTooOldOrNotThere() throws Exception {
    Path old = jdk("11", "11.0.2");
    assertThat(launch(Map.of("JAVA_HOME", old.toString()), "--help"))
        .isEqualTo(
            new Ended(
                1,
                "",
                "polyphase: "
                    + old
                    + "/bin/java is Java 11; 17 or newer is needed, set JAVA_HOME to one.\n"));
    assertThat(launch(Map.of("JAVA_HOME", "/nowhere"), "--help").err())
        .startsWith("polyphase: JAVA_HOME is /nowhere, which has no bin/java")
        .hasLineCount(1);
    assertThat(house.resolve("builds.txt")).doesNotExist();
  }

  /** INT and HUP are dealt with in the same way, but may be ignored where this test runs. */
  @Test
  void aSignalDuringABuildEndsMavenToo() throws Exception {
    String quick = Files.readString(house.resolve("mvnw"));
    Path started = fifo("started");
    executable(
        house.resolve("mvnw"),
        """
        mkdir -p orchestrator/target/classes orchestrator/target/lib
        echo half > orchestrator/target/classes/A.class
        : > orchestrator/target/polyphase.jar
        echo $$ > '%s'
        exec cat '%s'
        """
            .formatted(started, fifo("never")));
    Process launcher = start(Map.of(), "--help");
    long maven = Long.parseLong(Files.readString(started).strip());

    // TERM, and to the launcher alone.
    launcher.toHandle().destroy();

    Ended ended = end(launcher);
    assertThat(ended.code()).isEqualTo(143);
    assertThat(ended.err())
        .endsWith("polyphase: the build was interrupted; the next start builds anew.\n");
    assertThat(ProcessHandle.of(maven)).isEmpty();
    // What it left counts as nothing: not the jar, and not what the compiler wrote.
    Files.writeString(house.resolve("mvnw"), quick);
    assertThat(launch(Map.of(), "--help").err()).contains("building");
    assertThat(builds()).hasSize(1);
    assertThat(house.resolve("orchestrator/target/classes")).doesNotExist();
  }

  /** As on macOS. What held the lock is gone, whoever may have its number now. */
  @ParameterizedTest
  @ValueSource(strings = {"999999999 Sun Nov 29 10:00:00 2026", "1 Sun Nov 29 10:00:00 2020", ""})
  void aLockWhoseProcessIsGoneIsTakenAway(String holder) throws Exception {
    Path target = Files.createDirectories(house.resolve("orchestrator/target"));
    Files.createSymbolicLink(target.resolve("launcher.held"), Path.of(holder + " "));

    Ended ended = launch(Map.of("PATH", pathWithoutFlock()), "--help");

    assertThat(ended.code()).isZero();
    assertThat(builds()).hasSize(1);
    try (Stream<Path> left = Files.list(target)) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "launcher-build.log", "launcher-built", "lib", "polyphase.jar");
    }
  }

  @Test
  void twoAtOnceBuildOnceWithoutFlockToo() throws Exception {
    Map<String, String> environment = Map.of("PATH", pathWithoutFlock());
    Process one = start(environment, "--help");
    Process other = start(environment, "--help");

    assertThat(List.of(end(one).code(), end(other).code())).containsExactly(0, 0);
    assertThat(builds()).hasSize(1);
  }

  /** A file in the place of the folder: root may write to what is read-only. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTargetThatCannotBeWrittenToIsNamed(boolean flock) throws Exception {
    Path target = Files.writeString(house.resolve("orchestrator/target"), "");
    Map<String, String> environment = flock ? Map.of() : Map.of("PATH", pathWithoutFlock());

    assertThat(launch(environment, "--help"))
        .isEqualTo(
            new Ended(
                1,
                "",
                "polyphase: it has to be built first, and "
                    + target.toRealPath()
                    + " can't be written to; make it yours, make room on its disk, or copy "
                    + house.toRealPath()
                    + " to a folder of yours.\n"));
  }

  @Test
  void aColonInItsPathIsNamed() throws Exception {
    Path moved = Files.move(house, folder.resolve("a:b"));

    Ended ended = end(start(moved.resolve("polyphase"), Map.of(), "--help"));

    assertThat(ended)
        .isEqualTo(
            new Ended(
                1,
                "",
                "polyphase: the folder "
                    + moved.toRealPath()
                    + " has a colon in its name, at which Java parts its class path; rename it or"
                    + " move it.\n"));
    assertThat(moved.resolve("builds.txt")).doesNotExist();
  }

  /** Java would find no file whose name is not ASCII. */
  @ParameterizedTest
  @ValueSource(strings = {"C", "POSIX", "xx_XX.ISO-8859-1", "xx_XX.UTF-8"})
  void javaHasALocaleOfUtf8(String locale) throws Exception {
    Files.writeString(folder.resolve("jdk-17/bin/java"), "locale charmap\n", APPEND);

    Ended ended = launch(Map.of("LC_ALL", locale, "LANG", locale), "--help");

    assertThat(ended.out()).endsWith("\nUTF-8\n");
  }

  /** A scan may start what trains, and the other way round; what the user set stays. */
  @Test
  void whatIsSetForJavaAloneDependsOnTheCommand() throws Exception {
    Files.writeString(folder.resolve("jdk-17/bin/java"), SHOW_HEAP, APPEND);
    Map<String, String> inherited =
        Map.of(
            "MALLOC_MMAP_THRESHOLD_",
            "268435456",
            "MALLOC_TRIM_THRESHOLD_",
            "5",
            "POLYPHASE_JAVA_SETTINGS",
            " MALLOC_MMAP_THRESHOLD_");

    assertThat(launch(inherited, "scan", "x").out())
        .endsWith(
            "\narenas ; large 1048576; trim 5; wait passive;"
                + " set  OMP_WAIT_POLICY GOMP_SPINCOUNT MALLOC_MMAP_THRESHOLD_\n");
    assertThat(launch(inherited, "run", "x").out())
        .containsPattern(
            "\narenas 1; large 268435456; trim 5; wait passive;"
                + " set  OMP_WAIT_POLICY GOMP_SPINCOUNT MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_"
                + "( GLIBC_TUNABLES)?\n$");
  }

  private Path fifo(String name) throws Exception {
    Path fifo = folder.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    return fifo;
  }

  /** A path with the launcher's programs, but flock. */
  private String pathWithoutFlock() throws IOException {
    Path bin = Files.createDirectories(folder.resolve("bin"));
    for (String program : PROGRAMS) {
      for (String part : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
        Path file = Path.of(part, program);
        if (Files.isExecutable(file)) {
          executable(bin.resolve(program), "exec '%s' \"$@\"\n".formatted(file));
          break;
        }
      }
    }
    return bin.toString();
  }

  private Ended launch(Map<String, String> environment, String... args) throws Exception {
    return end(start(environment, args));
  }

  private Process start(Map<String, String> environment, String... args) throws IOException {
    return start(house.resolve("polyphase"), environment, args);
  }

  private Process start(Path script, Map<String, String> environment, String... args)
      throws IOException {
    String[] command =
        Stream.concat(Stream.of("sh", script.toString()), Arrays.stream(args))
            .toArray(String[]::new);
    ProcessBuilder builder = new ProcessBuilder(command).directory(elsewhere.toFile());
    builder.environment().remove("POLYPHASE_JAVA_OPTS");
    // The build of these tests sets some of what the launcher sets.
    builder.environment().keySet().removeIf(name -> name.matches("(G?OMP|MALLOC|GLIBC)_.*"));
    builder.environment().put("JAVA_HOME", folder.resolve("jdk-17").toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static Ended end(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, err);
  }

  private List<String> builds() throws IOException {
    return Files.readAllLines(house.resolve("builds.txt"));
  }

  private Path jdk(String name, String version) throws IOException {
    Path jdk = folder.resolve("jdk-" + name);
    Files.createDirectories(jdk.resolve("bin"));
    executable(
        jdk.resolve("bin/java"),
        """
        if [ "$1" = -version ]; then
          echo 'Picked up JAVA_TOOL_OPTIONS: -Da.version=1' >&2
          echo 'openjdk version "%s" 2025-04-15' >&2
          exit 0
        fi
        printf '%%s\\n' "$@" "in $PWD"
        """
            .formatted(version));
    executable(jdk.resolve("bin/javac"), "");
    return jdk;
  }

  private static void executable(Path file, String script) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
