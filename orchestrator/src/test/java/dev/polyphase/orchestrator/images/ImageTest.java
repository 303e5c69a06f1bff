package dev.polyphase.orchestrator.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.polyphase.orchestrator.cli.Main;
import dev.polyphase.weights.FolderTree;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * What an image holds, assembled by the script that the Dockerfile runs, and started as a container
 * starts it: by another user, with an empty home, no environment and no network.
 */
@EnabledOnOs(OS.LINUX)
class ImageTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final String JAVA_HOME = System.getProperty("java.home");

  @TempDir static Path folder;
  private static Path image = Path.of("");

  private record Ended(int code, String out) {}

  @BeforeAll
  static void assemble() throws Exception {
    image = folder.resolve("polyphase");
    Path build = Files.createDirectories(folder.resolve("build"));
    pack(build);
    ProcessBuilder script =
        new ProcessBuilder("sh", ROOT.resolve("docker/assemble.sh").toString(), image.toString());
    script.environment().put("POLYPHASE_BUILD", build.toString());
    script.environment().put("JAVA_HOME", JAVA_HOME);
    Ended ended = end(script);
    assertThat(ended.code()).as(ended.out()).isZero();
    FolderTree.remove(build);
  }

  @Test
  void holdsTheProgramItsLibrariesAndTheLicenceAndNothingThatOthersCanWrite() throws IOException {
    try (Stream<Path> files = Files.list(image)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("LICENSE", "bin", "lib", "native");
    }
    assertThat(image.resolve("lib/polyphase.jar")).isRegularFile();
    for (String library : List.of("pytorch", "tokenizers", "duckdb")) {
      assertThat(image.resolve("native").resolve(library)).isNotEmptyDirectory();
    }
    try (Stream<Path> files = Files.walk(image)) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as(file.toString())
            .matches(Files.isDirectory(file) ? "rwxr-xr-x" : "rw.r-.r-.");
      }
    }
  }

  @Test
  void startsFromThereAlone() throws Exception {
    Ended ended = end(new ProcessBuilder(image.resolve("bin/polyphase").toString(), "--version"));

    assertThat(ended).isEqualTo(new Ended(0, "polyphase 9.9\n"));
  }

  @Test
  void anotherUserWithAnEmptyHomeAndNoNetworkNeedsNothingElse() throws Exception {
    Path home = Files.createDirectories(folder.resolve("home"));
    List<String> prefix = asAnother(home);
    Path pipeline =
        Files.copy(
            ROOT.resolve("pipelines/quickstart/quickstart.yaml"), folder.resolve("pipeline.yaml"));

    assertThat(end(started(prefix, "--version"))).isEqualTo(new Ended(0, "polyphase 9.9\n"));
    assertThat(end(started(prefix, "validate", pipeline.toString())))
        .isEqualTo(new Ended(0, pipeline + ": valid, 3 phases\n"));
    Ended doctor = end(started(prefix, "doctor"));
    assertThat(doctor.code()).as(doctor.out()).isZero();
    assertThat(doctor.out()).contains("in " + image.toRealPath().resolve("native/pytorch"));
    // Nothing was unpacked.
    try (Stream<Path> left = Files.walk(home)) {
      assertThat(left.filter(Files::isRegularFile)).isEmpty();
    }
  }

  /** As a container starts it, and asked as its health check asks. TERM ends it in good order. */
  @Test
  void theServiceAnswersItsHealthCheckAndEndsBySignal() throws Exception {
    Path home = Files.createDirectories(folder.resolve("service"));
    List<String> prefix = asAnother(home);
    // A network that has nothing but its own loopback can't be reached from here.
    prefix.subList(0, prefix.indexOf("runuser")).clear();
    Path token = Files.writeString(home.resolve("token"), "0123456789abcdef0123456789abcdef");
    assertThat(succeeds("chmod", "600", token.toString())).isTrue();
    assertThat(succeeds("chown", "nobody", token.toString())).isTrue();
    Process service =
        started(prefix, "serve", "--host", "0.0.0.0", "--port", "0", "--token-file", token + "")
            .redirectError(home.resolve("messages").toFile())
            .start();
    try (BufferedReader out = service.inputReader(StandardCharsets.UTF_8)) {
      String url = String.valueOf(out.readLine());
      assertThat(url).as(Files.readString(home.resolve("messages"))).matches("http://.*:\\d+/?");
      String port = url.replaceAll(".*:(\\d+)/?", "$1");
      String check = image.resolve("bin/healthcheck").toString();
      assertThat(succeeds(check, port)).isTrue();

      // The launcher has become java: the process that was started is the one that gets it.
      ProcessHandle java = ProcessHandle.of(javaOf(service)).orElseThrow();
      assertThat(java.info().command().orElseThrow()).endsWith("/java");
      assertThat(succeeds("kill", "-TERM", Long.toString(java.pid()))).isTrue();
      assertThat(service.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(service.exitValue()).isZero();
      assertThat(succeeds(check, port)).isFalse();
    } finally {
      service.descendants().forEach(ProcessHandle::destroyForcibly);
      service.destroyForcibly();
    }
  }

  /** The process below runuser, which stays and waits. */
  private static long javaOf(Process started) {
    return started.descendants().findFirst().map(ProcessHandle::pid).orElse(started.pid());
  }

  /** The words before a command that make it another user's, without a network where that works. */
  private static List<String> asAnother(Path home) throws Exception {
    assumeThat(succeeds("runuser", "-u", "nobody", "--", "true"))
        .as("only root can start a program as another user")
        .isTrue();
    assumeThat(succeeds("runuser", "-u", "nobody", "--", "test", "-x", JAVA_HOME + "/bin/java"))
        .as("another user can't run this Java")
        .isTrue();
    for (Path above = folder; above.getNameCount() > 1; above = above.getParent()) {
      if (Files.isWritable(above) && above.startsWith(System.getProperty("java.io.tmpdir"))) {
        assertThat(succeeds("chmod", "a+x", above.toString())).isTrue();
      }
    }
    assertThat(succeeds("chown", "nobody", home.toString())).isTrue();
    assertThat(succeeds("chmod", "700", home.toString())).isTrue();
    List<String> prefix = new ArrayList<>();
    if (succeeds("unshare", "--net", "true")) {
      prefix.addAll(List.of("unshare", "--net"));
    }
    prefix.addAll(List.of("runuser", "-u", "nobody", "--", "env", "-i"));
    prefix.addAll(List.of("PATH=/usr/bin:/bin", "JAVA_HOME=" + JAVA_HOME, "HOME=" + home));
    prefix.addAll(List.of("POLYPHASE_HOME=" + home.resolve("polyphase"), "OMP_NUM_THREADS=1"));
    return prefix;
  }

  private static ProcessBuilder started(List<String> prefix, String... args) {
    List<String> command = new ArrayList<>(prefix);
    command.add(image.resolve("bin/polyphase").toString());
    command.addAll(List.of(args));
    return new ProcessBuilder(command).directory(new File("/tmp"));
  }

  private static boolean succeeds(String... command) throws Exception {
    try {
      return end(new ProcessBuilder(command)).code() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Ended end(ProcessBuilder builder) throws Exception {
    Process process = builder.redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), out);
  }

  /** What a build leaves: our classes as jars, those of others as they are. */
  private static void pack(Path build) throws IOException {
    Path lib = Files.createDirectories(build.resolve("lib"));
    Path main = codeOf(Main.class);
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path path = Path.of(entry).toAbsolutePath();
      if (entry.contains("test-classes") || path.equals(codeOf(ImageTest.class))) {
        continue;
      }
      if (path.equals(main)) {
        jar(path, build.resolve("polyphase.jar"));
      } else if (Files.isDirectory(path)) {
        jar(path, lib.resolve(path.toString().replaceAll("\\W", "-") + ".jar"));
      } else if (Files.isRegularFile(path) && !entry.endsWith("-tests.jar")) {
        Files.createSymbolicLink(lib.resolve(path.getFileName()), path);
      }
    }
  }

  private static Path codeOf(Class<?> type) {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath());
  }

  private static void jar(Path classes, Path jar) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, "9.9");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream packed = new JarOutputStream(out, manifest);
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(file -> !file.equals(classes)).toList()) {
        String name = classes.relativize(file).toString();
        if (Files.isDirectory(file)) {
          // Flyway looks for migrations by their folder.
          packed.putNextEntry(new JarEntry(name + "/"));
        } else if (!name.equals("META-INF/MANIFEST.MF")) {
          packed.putNextEntry(new JarEntry(name));
          Files.copy(file, packed);
        }
      }
    }
  }
}
