package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServeTest {
  private static final String TOKEN = "0123456789abcdef-of-a-test";
  private static final int SECONDS_TO_END = 60;

  @TempDir Path folder;
  private final HttpClient client = HttpClient.newHttpClient();

  private Polyphase.Ended serve(String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "serve";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Polyphase.execute(Map.of("POLYPHASE_HOME", folder.resolve("home").toString()), all);
  }

  private Path tokenFile(String permissions) throws IOException {
    Path file = folder.resolve("token");
    Files.writeString(file, TOKEN + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1", "node.example", "127.0.0.1.example"})
  void othersAreLetInWithATokenAlone(String host) {
    Polyphase.Ended ended = serve("--host", host, "--port", "0");
    assertThat(ended.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    assertThat(ended.messages())
        .isEqualTo(
            "--host is "
                + host
                + ", which others can reach; that needs a token: give"
                + " --token-file\n");
  }

  @Test
  void wrongSettingsAreASentence() throws IOException {
    assertThat(serve("--token-file", tokenFile("rw-r--r--").toString()).messages())
        .isEqualTo(
            folder.resolve("token")
                + ": others than its owner may use this file; run chmod 600 on it\n");
    assertThat(serve("--port", "65536").messages())
        .isEqualTo("--port is 65536; it must be from 0 to 65535\n");
    assertThat(serve("--devices", "cuda:0,tpu").messages())
        .isEqualTo("--devices has tpu; name devices as cuda:0,cuda:1 or cpu\n");
    assertThat(serve("--token-file", folder.resolve("absent").toString()).exitCode()).isNotZero();
  }

  @Test
  void aPortThatIsTakenIsASentence() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Polyphase.Ended ended =
          serve("--devices", "cpu", "--port", Integer.toString(taken.getLocalPort()));
      assertThat(ended.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
      assertThat(ended.messages().lines())
          .singleElement()
          .asString()
          .contains("port " + taken.getLocalPort(), "choose another with --port");
    }
  }

  /** As it is started and ended for real: by its signals, with the answers that it gives. */
  @Test
  void itServesUntilASignalEndsIt() throws Exception {
    Files.writeString(folder.resolve("wrong.yaml"), "name: wrong\nphases: 7\n");
    List<String> command =
        ChildProgram.command(
            List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
            List.of(
                "serve",
                "--port",
                "0",
                "--devices",
                "cpu",
                "--token-file",
                tokenFile("rw-------").toString()));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("POLYPHASE_HOME", folder.resolve("home").toString());
    builder.redirectError(folder.resolve("messages").toFile());
    Process process = builder.start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      URI url = URI.create(out.readLine());
      assertThat(send(HttpRequest.newBuilder(url.resolve("healthz"))).body()).isEqualTo("ok");
      assertThat(send(HttpRequest.newBuilder(url.resolve("metrics"))).statusCode()).isEqualTo(401);
      String metrics = send(authorized(url, "metrics")).body();
      assertThat(metrics).contains("polyphase_queue_depth{state=\"waiting\"} 0.0");
      assertThat(metrics).contains("process_");

      HttpResponse<String> plan =
          send(
              authorized(url, "api/plan")
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofString("{\"pipeline\":\"wrong.yaml\"}")));
      assertThat(plan.statusCode()).isEqualTo(422);
      JsonNode problems = new ObjectMapper().readTree(plan.body()).path("problems");
      assertThat(problems.findValuesAsText("place"))
          .contains(folder.toRealPath().resolve("wrong.yaml") + ":2:9");

      // libtorch is for the processes of runs.
      assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/maps")))
          .doesNotContain("libtorch");
      process.destroy();
      assertThat(process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(ExitCode.DONE);
      assertThat(Files.readString(folder.resolve("messages")))
          .isEqualTo("stopping: runs save their state and go on when the service is back\n");
    } finally {
      process.destroyForcibly();
    }
  }

  private static HttpRequest.Builder authorized(URI url, String path) {
    return HttpRequest.newBuilder(url.resolve(path)).header("Authorization", "Bearer " + TOKEN);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
