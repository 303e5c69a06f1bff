package dev.polyphase.orchestrator.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A service as it is started for real, on a port of its own, with an empty home. */
final class ServiceProcess implements AutoCloseable {
  private static final int SECONDS_TO_END = 120;

  private final Process process;
  private final Path messages;
  private final HttpClient client = HttpClient.newHttpClient();

  /** Where it answers, with a slash at its end. */
  final URI url;

  /**
   * Starts it.
   *
   * @param folder where it is started; its home lies below
   */
  ServiceProcess(Path folder) throws IOException {
    messages = folder.resolve("messages");
    ProcessBuilder builder =
        new ProcessBuilder(
                ChildProgram.command(
                    // Its runs have them as well.
                    List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                    List.of("serve", "--port", "0", "--devices", "cpu")))
            .directory(folder.toFile())
            .redirectError(messages.toFile());
    builder.environment().put("POLYPHASE_HOME", folder.resolve("home").toString());
    // Half a gigabyte of libraries is unpacked once for all tests.
    builder
        .environment()
        .putIfAbsent(
            "DJL_CACHE_DIR", Path.of(System.getProperty("user.home"), ".polyphase").toString());
    process = builder.start();
    String line =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    if (line == null) {
      throw new IOException("the service did not start: " + Files.readString(messages));
    }
    url = URI.create(line);
  }

  long pid() {
    return process.pid();
  }

  /** What it has said. */
  String messages() throws IOException {
    return Files.readString(messages);
  }

  /** The body of what a path answers. */
  String get(String path) throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(url.resolve(path)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** The body of what is answered to JSON. */
  String post(String path, String json) throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(url.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /** Ends it by a signal, as a user does. */
  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException("the service did not end: " + messages());
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new IOException(e);
    }
  }
}
