package dev.polyphase.orchestrator.images;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.polyphase.orchestrator.cli.Polyphase;
import dev.polyphase.orchestrator.images.Dockerfile.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** What can be said of the images and of compose's file without an engine that builds them. */
@EnabledOnOs(OS.LINUX)
class DockerFilesTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Path DOCKER = ROOT.resolve("docker");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String USER = "10001";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda", "Dockerfile.trl"})
  void stagesAndSourcesExistAndVersionsAreFixed(String name) throws IOException {
    Dockerfile file = Dockerfile.read(DOCKER.resolve(name));
    Set<String> before = new HashSet<>();
    for (Stage stage : file.stages()) {
      assertFixed(stage.image());
      for (String copy : stage.all("COPY")) {
        String[] words = copy.split("\\s+", -1);
        if (words[0].startsWith("--from=")) {
          assertThat(before).contains(words[0].substring("--from=".length()));
        } else {
          assertThat(ROOT.resolve(words[0])).exists();
        }
      }
      assertThat(stage.all("ADD")).isEmpty();
      before.add(stage.name());
    }
    assertThat(file.stages()).hasSizeGreaterThan(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda", "Dockerfile.trl"})
  void theImageHasWhatTheScriptAssembles(String name) throws IOException {
    Dockerfile file = Dockerfile.read(DOCKER.resolve(name));
    String assembled = file.stages().get(0).last("RUN").orElseThrow();
    MatchResult call = find("(docker/\\S+) (/opt/\\S+) (cpu|cuda)$", assembled);

    assertThat(ROOT.resolve(call.group(1))).isExecutable();
    assertThat(call.group(3).equals("cuda")).isEqualTo(name.endsWith("cuda"));
    assertThat(file.result().all("COPY"))
        .contains("--from=build %s %s".formatted(call.group(2), call.group(2)));
    // Programs of the image are those that the script puts into bin.
    String script = Files.readString(DOCKER.resolve("assemble.sh"));
    for (String keyword : List.of("HEALTHCHECK", "ENTRYPOINT")) {
      String program = words(file.result().last(keyword).orElseThrow()).get(0);
      assertThat(program).startsWith(call.group(2) + "/bin/");
      assertThat(script).contains("\"$to/bin/" + Path.of(program).getFileName() + "\"");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda", "Dockerfile.trl"})
  void itRunsAsAnotherThanRootAndSignalsReachJava(String name) throws IOException {
    Stage image = Dockerfile.read(DOCKER.resolve(name)).result();

    assertThat(image.last("USER")).contains(USER + ":" + USER);
    assertThat(image.all("RUN")).first().asString().contains("useradd --uid " + USER + " ");
    // Of the other form a shell would be the process that gets them.
    assertThat(words(image.last("ENTRYPOINT").orElseThrow()))
        .containsExactly("/opt/polyphase/bin/polyphase");
    assertThat(words(image.last("CMD").orElseThrow())).startsWith("serve").contains("0.0.0.0");
    assertThat(Files.readString(ROOT.resolve("polyphase"))).contains("\nexec \"$java\" ");
    assertThat(words(image.last("VOLUME").orElseThrow()))
        .containsExactly(
            image.last("WORKDIR").orElseThrow(),
            find("POLYPHASE_HOME=(\\S+)", image.last("ENV").orElseThrow()).group(1));
    assertThat(image.last("LABEL").orElseThrow())
        .contains("image.licenses=\"Apache-2.0\"", "image.base.name=\"docker.io/")
        .contains(image.image());
  }

  /** The engine's Python is where the image says, and both are of the same system. */
  @Test
  void theEnginesImageHasItsPackagesInFixedVersions() throws IOException {
    Dockerfile file = Dockerfile.read(DOCKER.resolve("Dockerfile.trl"));
    Stage image = file.result();
    Stage engine =
        file.stages().stream().filter(stage -> stage.name().equals("engine")).findFirst().get();
    String python = find("POLYPHASE_PYTHON=(\\S+)", image.last("ENV").orElseThrow()).group(1);
    String environment = Path.of(python).getParent().getParent().toString();

    assertThat(engine.image()).isEqualTo(image.image());
    assertThat(image.all("COPY")).contains("--from=engine %1$s %1$s".formatted(environment));
    assertThat(image.last("ENV").orElseThrow()).contains(":" + environment + "/bin:");
    // An environment is links to the system's Python.
    assertThat(image.all("RUN")).anyMatch(run -> run.contains("--no-install-recommends python3 "));
    String requirements = engine.last("COPY").orElseThrow().split(" ", -1)[0];
    assertThat(engine.last("RUN").orElseThrow())
        .contains(
            "python3 -m venv " + environment, "-r /tmp/" + Path.of(requirements).getFileName());
    List<String> packages =
        Files.readAllLines(ROOT.resolve(requirements)).stream()
            .filter(line -> !line.startsWith("#"))
            .toList();
    assertThat(packages)
        .extracting(line -> line.split("==", -1)[0])
        .containsExactly("torch", "transformers", "trl", "accelerate");
    assertThat(packages).allMatch(line -> line.matches("[a-z]+==\\d+\\.\\d+\\.\\d+"));
    // What people install by hand, as the README says.
    assertThat(Files.readString(ROOT.resolve("README.md"))).contains(String.join(" ", packages));
    assertThat(Files.readString(ROOT.resolve(".ci/run"))).contains(requirements);
  }

  @Test
  void composeNamesWhatIsThereAndListensOnThisMachineAlone() throws IOException {
    JsonNode compose = yaml("compose.yaml");
    Set<String> volumes = new HashSet<>();
    compose.path("volumes").fieldNames().forEachRemaining(volumes::add);
    assertThat(compose.path("services").properties()).hasSize(4);
    for (JsonNode service : compose.path("services")) {
      assertThat(service.path("security_opt")).hasSize(1);
      if (service.has("build")) {
        assertThat(DOCKER.resolve(service.at("/build/context").asText()).normalize())
            .isEqualTo(ROOT);
        assertThat(ROOT.resolve(service.at("/build/dockerfile").asText())).exists();
      }
      assertFixed(service.path("image").asText());
      service.path("ports").forEach(port -> assertThat(port.asText()).startsWith("127.0.0.1:"));
      for (JsonNode mount : service.path("volumes")) {
        String from = mount.asText().split(":", -1)[0];
        if (from.startsWith(".")) {
          assertThat(DOCKER.resolve(from).normalize()).isDirectory();
        } else {
          assertThat(volumes).contains(from);
        }
      }
      service
          .path("depends_on")
          .forEach(other -> assertThat(other.isTextual() || other.has("condition")).isTrue());
    }
    for (String kind : List.of("cuda", "trl")) {
      JsonNode service = yaml("compose." + kind + ".yaml").at("/services/polyphase");
      assertThat(service.at("/build/dockerfile").asText()).isEqualTo("docker/Dockerfile." + kind);
      assertThat(DOCKER.resolve("Dockerfile." + kind)).exists();
      assertThat(service.path("image").asText()).endsWith("-" + kind);
      assertThat(service.at("/deploy/resources/reservations/devices/0/driver").asText())
          .isEqualTo("nvidia");
    }
  }

  @Test
  void composeHoldsNoSecretAndRefersToThoseThatTheScriptMakes() throws Exception {
    JsonNode compose = yaml("compose.yaml");
    Path copy = Files.copy(DOCKER.resolve("secrets.sh"), folder.resolve("secrets.sh"));
    run(copy);
    Path made = folder.resolve("secrets");
    for (JsonNode secret : compose.path("secrets")) {
      Path file = folder.resolve(secret.path("file").asText()).normalize();
      assertThat(file).isRegularFile();
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    for (JsonNode service : compose.path("services")) {
      for (JsonNode secret : service.path("secrets")) {
        String source = secret.isTextual() ? secret.asText() : secret.path("source").asText();
        assertThat(compose.path("secrets").has(source)).as(source).isTrue();
      }
      service
          .path("environment")
          .properties()
          .forEach(
              variable -> {
                if (variable.getKey().contains("PASS")) {
                  assertThat(variable.getValue().asText()).startsWith("/run/secrets/");
                }
              });
    }
    String token = Files.readString(made.resolve("polyphase-token"));
    assertThat(token).matches("[0-9a-f]{64}");
    assertThat(made.resolve("prometheus-token")).hasContent(token);
    assertThat(Files.readString(made.resolve("pgpass")))
        .isEqualTo(
            "postgres:5432:polyphase:polyphase:%s\n"
                .formatted(Files.readString(made.resolve("postgres-password"))));

    run(copy);
    assertThat(made.resolve("polyphase-token")).hasContent(token);
    assertThat(Files.readAllLines(ROOT.resolve(".gitignore"))).contains("/docker/secrets/");
    assertThat(Files.readAllLines(ROOT.resolve(".dockerignore")))
        .contains("docker/secrets", "**/target", ".git");
  }

  /**
   * The secret is where both look for it, and the rest of what is set up is where it is mounted.
   */
  @Test
  void prometheusAndGrafanaFindTheirParts() throws IOException {
    JsonNode compose = yaml("compose.yaml");
    JsonNode scrape = yaml("prometheus/prometheus.yml").at("/scrape_configs/0");
    String token = scrape.at("/authorization/credentials_file").asText();
    assertThat(compose.at("/services/prometheus/secrets/0/target").asText())
        .isEqualTo(Path.of(token).getFileName().toString());
    assertThat(words(Dockerfile.read(DOCKER.resolve("Dockerfile")).result().last("CMD").get()))
        .containsSequence("--token-file", token);
    assertThat(compose.at("/services/polyphase/secrets").toString()).contains("polyphase-token");
    assertThat(scrape.at("/static_configs/0/targets/0").asText()).isEqualTo("polyphase:7410");
    assertThat(
            yaml("grafana/provisioning/datasources/prometheus.yml")
                .at("/datasources/0/url")
                .asText())
        .isEqualTo("http://prometheus:9090");
    String dashboards =
        yaml("grafana/provisioning/dashboards/polyphase.yml")
            .at("/providers/0/options/path")
            .asText();
    assertThat(compose.at("/services/grafana/volumes").toString())
        .contains("./grafana/dashboards:" + dashboards + ":ro");
  }

  /** What the images start is what the program takes. */
  @ParameterizedTest
  @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda", "Dockerfile.trl"})
  void theProgramTakesWhatTheImageStarts(String name) throws IOException {
    Stage image = Dockerfile.read(DOCKER.resolve(name)).result();
    List<String> command = words(image.last("CMD").orElseThrow());
    command.add("--help");

    assertThat(Polyphase.execute(Map.of(), command.toArray(String[]::new)).exitCode()).isZero();
    assertThat(command).containsSequence("--port", image.last("EXPOSE").orElseThrow());
    assertThat(words(image.last("HEALTHCHECK").orElseThrow()))
        .endsWith(image.last("EXPOSE").orElseThrow());
  }

  /** The one in a container asks the service and nothing else. */
  @Test
  void theHealthCheckSaysWhetherTheServiceAnswers() throws Exception {
    AtomicInteger status = new AtomicInteger(200);
    AtomicReference<String> asked = new AtomicReference<>("");
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String port = Integer.toString(server.getAddress().getPort());
    server.createContext(
        "/",
        exchange -> {
          asked.set(exchange.getRequestURI() + " of " + exchange.getRequestHeaders().get("Host"));
          exchange.sendResponseHeaders(status.get(), -1);
          exchange.close();
        });
    server.start();
    try {
      assertThat(healthCheck(port)).isZero();
      assertThat(asked.get()).isEqualTo("/healthz of [127.0.0.1:" + port + "]");
      status.set(503);
      assertThat(healthCheck(port)).isNotZero();
    } finally {
      server.stop(0);
    }
    assertThat(healthCheck(port)).isNotZero();
  }

  private static int healthCheck(String port) throws Exception {
    return new ProcessBuilder(DOCKER.resolve("healthcheck").toString(), port)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private static void run(Path script) throws Exception {
    Process process = new ProcessBuilder("sh", script.toString()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  /** A tag that names a version, unless it is ours. */
  private static void assertFixed(String image) {
    assertThat(image).matches("[a-z0-9./-]+:v?\\d+\\.\\d+\\.?[\\w.-]*").doesNotContain("latest");
  }

  /** The words of an instruction in its JSON form. */
  private static List<String> words(String arguments) throws IOException {
    List<String> words = new ArrayList<>();
    JSON.readTree(arguments.substring(arguments.indexOf('[')))
        .forEach(word -> words.add(word.asText()));
    return words;
  }

  private static MatchResult find(String regex, String text) {
    return Pattern.compile(regex)
        .matcher(text)
        .results()
        .findFirst()
        .orElseThrow(() -> new AssertionError(regex + " is not in " + text));
  }

  private static JsonNode yaml(String name) throws IOException {
    Object content = new Yaml().load(Files.readString(DOCKER.resolve(name)));
    return JSON.valueToTree(content);
  }
}
