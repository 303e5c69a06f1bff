package dev.polyphase.trl.launch;

import dev.polyphase.kernels.LauncherSettings;
import dev.polyphase.kernels.NativeFolder;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.processes.ProcessTree;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The programs of this machine, as an environment finds them.
 *
 * @param environment the variables that they are started with; {@code PATH} is among them
 */
public record Programs(Map<String, String> environment) {
  /** For what answers at once. */
  static final Duration SOON = Duration.ofSeconds(60);

  /** Keeps the variables as they are now. */
  public Programs {
    environment = Map.copyOf(environment);
  }

  /** As this process finds them. */
  public static Programs ofThisProcess() {
    Map<String, String> environment = new HashMap<>(System.getenv());
    LauncherSettings.leaveOut(environment);
    return new Programs(environment);
  }

  /** The user's folder of what is kept between commands. */
  Path home() {
    return NativeFolder.home(environment, Path.of(System.getProperty("user.home")));
  }

  /** A program did not end within its time. */
  static final class NoAnswerException extends IOException {
    NoAnswerException(String sentence) {
      super(sentence);
    }
  }

  /** How a program ended. */
  record Answer(String command, int code, String out, String err) {

    /** What it wrote, where it went well. */
    String output() throws IOException {
      if (code != 0) {
        throw new IOException(failure());
      }
      return out;
    }

    /** How it failed, in a sentence. */
    String failure() {
      String last = lastLine(err);
      return "%s ended with exit code %d%s".formatted(command, code, last.isEmpty() ? "" : ": ")
          + last;
    }

    private static String lastLine(String text) {
      List<String> lines = text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
      return lines.isEmpty() ? "" : PlainText.of(lines.get(lines.size() - 1));
    }
  }

  /** The program of a name on the path, or of a path; empty where there is none. */
  public Optional<Path> find(String name) {
    if (name.contains("/") || name.contains(File.separator)) {
      return Optional.of(Path.of(name).toAbsolutePath()).filter(Programs::isProgram);
    }
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      Path program = Path.of(folder).resolve(name).toAbsolutePath();
      if (isProgram(program)) {
        return Optional.of(program);
      }
    }
    return Optional.empty();
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
  }

  /**
   * The program of a name on the path.
   *
   * @param remedy what to do where there is none
   */
  Path need(String name, String remedy) {
    return find(name)
        .orElseThrow(() -> new InputException("%s is not on the PATH; ".formatted(name) + remedy));
  }

  /** The folder that this process is in. */
  static Path here() {
    return Path.of("").toAbsolutePath();
  }

  /** What starts a program, with these variables and no others. */
  ProcessBuilder builder(List<String> command, Path folder) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder;
  }

  /**
   * Runs a program to its end.
   *
   * @param limit how long it may take; then it is ended, with all that it started
   * @throws NoAnswerException where it takes longer
   * @throws IOException where it can't be started
   */
  Answer run(Duration limit, Path folder, List<String> command) throws IOException {
    String shown = PlainText.of(Shell.quoted(command));
    // Files and not pipes: what a program leaves running would keep a pipe open.
    Path out = Files.createTempFile("polyphase-", ".out");
    Path err = Files.createTempFile("polyphase-", ".err");
    try {
      Process process =
          builder(command, folder).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      if (!ends(process, limit)) {
        ProcessTree.of(process.toHandle()).kill();
        throw new NoAnswerException(
            "%s did not end within %d seconds; run it yourself to see what it waits for"
                .formatted(shown, limit.toSeconds()));
      }
      return new Answer(shown, process.exitValue(), text(out), text(err));
    } finally {
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  private static boolean ends(Process process, Duration limit) throws IOException {
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      ProcessTree.of(process.toHandle()).kill();
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
