package dev.polyphase.orchestrator.index;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL of Debian's on a free port of loopback, in a temporary folder, started once and
 * ended with the tests' process. Since it refuses to be root's it runs as postgres where the tests
 * are.
 */
public final class PostgresServer {
  /** What a test without it says. */
  public static final String ABSENT =
      "no PostgreSQL in /usr/lib/postgresql; install postgresql to run this";

  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");
  private static final long PATIENCE_SECONDS = 60;

  private static @Nullable PostgresServer running;
  private static int databases;

  private final Path bin;
  private final Path folder;
  private final int port;

  private PostgresServer(Path bin, Path folder, int port) {
    this.bin = bin;
    this.folder = folder;
    this.port = port;
  }

  /** The URL of a new database, empty, whose user needs no password; empty where there is none. */
  public static synchronized Optional<String> newDatabase() {
    try {
      if (running == null) {
        Optional<Path> bin = bin();
        if (bin.isEmpty()) {
          return Optional.empty();
        }
        running = start(bin.get());
      }
      String name = "test" + ++databases;
      running.command("createdb", "-h", "127.0.0.1", "-p", running.port + "", "-U", "test", name);
      return Optional.of(
          "jdbc:postgresql://127.0.0.1:%d/%s?user=test".formatted(running.port, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Path> bin() throws IOException {
    if (!Files.isDirectory(VERSIONS)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(VERSIONS)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.naturalOrder());
    }
  }

  private static PostgresServer start(Path bin) throws IOException {
    Path folder = Files.createTempDirectory("polyphase-postgres");
    if (isRoot()) {
      Files.setOwner(
          folder,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
    }
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    PostgresServer server = new PostgresServer(bin, folder, port);
    String data = folder.resolve("data").toString();
    server.command(
        "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "-N");
    // No fsync: what it holds is gone with the test.
    String options = "-h 127.0.0.1 -p %d -k %s -F -c max_connections=100".formatted(port, folder);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(data)));
    server.command(
        "pg_ctl", "-D", data, "-l", folder.resolve("log").toString(), "-w", "-o", options, "start");
    return server;
  }

  private void stop(String data) {
    try {
      command("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
      try (Stream<Path> files = Files.walk(folder)) {
        files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isRoot() throws IOException {
    return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  private void command(String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(bin.resolve(program).toString());
    command.addAll(List.of(arguments));
    Path output = Files.createTempFile("postgres", ".out");
    try {
      // Not a pipe: the server would keep its end.
      Process process =
          new ProcessBuilder(command)
              .directory(Path.of("/").toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException(
            command + ": " + Files.readString(output, StandardCharsets.ISO_8859_1));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      Files.deleteIfExists(output);
    }
  }
}
