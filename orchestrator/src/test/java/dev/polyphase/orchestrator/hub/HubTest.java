package dev.polyphase.orchestrator.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.DatasetHub;
import dev.polyphase.orchestrator.SmallDisk;
import dev.polyphase.orchestrator.hub.HubOnLoopback.Asked;
import dev.polyphase.orchestrator.hub.HubOnLoopback.Reaction;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a hub that this test runs. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HubTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String TOKEN = "hf_secretOfMine";
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";
  private static final byte[] CONFIG = utf8("hello\n");

  /** As {@code git hash-object} has it for this content. */
  private static final String CONFIG_ID = "ce013625030ba8dba906f756967f9e9ca394464a";

  @TempDir Path folder;
  private final RecordedDownload told = new RecordedDownload();
  private final List<Duration> waited = new ArrayList<>();
  private HubOnLoopback hub;

  @BeforeEach
  void start() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("config.json", CONFIG);
    files.put("generation_config.json", utf8("{}"));
    files.put("tokenizer.json", bytes(3000));
    files.put("tokenizer_config.json", utf8("{}"));
    files.put("chat_template.jinja", utf8("{{ messages }}"));
    files.put("additional_chat_templates/tool use.jinja", utf8("{{ tools }}"));
    files.put("README.md", utf8("# A model\n"));
    files.put("LICENSE", utf8("Do what you like.\n"));
    files.put(
        "model.safetensors.index.json",
        utf8(
            "{\"weight_map\": {\"a\": \"%s\", \"b\": \"%s\", \"c\": \"%s\"}}"
                .formatted(FIRST, SECOND, SECOND)));
    files.put(FIRST, bytes(500_000));
    files.put(SECOND, bytes(300_000));
    // What nobody needs who has the others.
    files.put("pytorch_model.bin", bytes(10));
    files.put("pytorch_model.bin.index.json", bytes(10));
    files.put("consolidated.00.safetensors", bytes(11));
    files.put("model-q4.gguf", bytes(12));
    files.put("onnx/model.onnx", bytes(13));
    files.put("original/params.json", bytes(14));
    files.put(".gitattributes", bytes(15));
    files.put("figure.png", bytes(16));
    hub = new HubOnLoopback("o/n", COMMIT, files, List.of(FIRST, SECOND, "tokenizer.json"));
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  private ModelFolders models(String... environment) {
    Map<String, String> variables =
        new HashMap<>(Map.of("HF_ENDPOINT", hub.endpoint(), "HF_HUB_CACHE", cache().toString()));
    for (int i = 0; i < environment.length; i += 2) {
      variables.put(environment[i], environment[i + 1]);
    }
    return new ModelFolders(
        Hub.of(
            variables,
            folder,
            "1.2.3",
            told,
            time -> {
              synchronized (waited) {
                waited.add(time);
              }
            }));
  }

  private Path cache() {
    return folder.resolve("hub");
  }

  private Path repository() {
    return cache().resolve("models--o--n");
  }

  private Path snapshot() {
    return repository().resolve("snapshots").resolve(COMMIT);
  }

  private Set<String> wanted() {
    return new TreeSet<>(
        Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            "additional_chat_templates/tool use.jinja",
            "README.md",
            "LICENSE",
            "model.safetensors.index.json",
            FIRST,
            SECOND));
  }

  /** Every file below a folder, by its path from there. */
  private static Set<String> filesIn(Path folder) throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(file -> !Files.isDirectory(file))
          .forEach(file -> names.add(folder.relativize(file).toString()));
    }
    return names;
  }

  private void requireWhole() throws IOException {
    assertThat(filesIn(snapshot())).isEqualTo(wanted());
    for (String name : wanted()) {
      assertThat(snapshot().resolve(name)).hasBinaryContent(hub.files.get(name));
    }
    // Nothing half is left.
    for (String blob : filesIn(repository().resolve("blobs"))) {
      byte[] content = Files.readAllBytes(repository().resolve("blobs").resolve(blob));
      assertThat(blob).isIn(HubOnLoopback.sha256(content), HubOnLoopback.gitId(content));
    }
  }

  @Test
  void whatIsNeededOfAModelIsDownloadedIntoHuggingFacesLayout() throws IOException {
    assertThat(models().resolve("o/n", folder)).isEqualTo(snapshot());

    requireWhole();
    assertThat(repository().resolve("refs/main")).hasContent(COMMIT);
    Path config = snapshot().resolve("config.json");
    assertThat(Files.readSymbolicLink(config)).isEqualTo(Path.of("../../blobs", CONFIG_ID));
    Path template = snapshot().resolve("additional_chat_templates/tool use.jinja");
    assertThat(Files.readSymbolicLink(template).toString()).startsWith("../../../blobs/");
    assertThat(Files.readSymbolicLink(snapshot().resolve(FIRST)))
        .isEqualTo(Path.of("../../blobs", HubOnLoopback.sha256(hub.files.get(FIRST))));
    long bytes = wanted().stream().mapToLong(name -> hub.files.get(name).length).sum();
    // Two of the files have the same content, which is counted and downloaded once.
    int contents = wanted().size() - 1;
    assertThat(told.said)
        .containsExactly(
            "model o/n, %d files, %d bytes, %d there"
                .formatted(
                    contents, bytes - 2, hub.files.get("model.safetensors.index.json").length),
            "end");
    assertThat(hub.asked).extracting(Asked::agent).containsOnly("polyphase/1.2.3");
  }

  @Test
  void whatIsThereIsNotAskedForAgain() throws IOException {
    models().resolve("o/n", folder);
    hub.asked.clear();

    assertThat(models().resolve("o/n", folder)).isEqualTo(snapshot());
    assertThat(models("HF_HUB_OFFLINE", "1").resolve("o/n", folder)).isEqualTo(snapshot());
    assertThat(models("HF_HUB_OFFLINE", "1").resolve("o/n@" + COMMIT, folder))
        .isEqualTo(snapshot());
    assertThat(hub.asked).isEmpty();
  }

  @Test
  void aFileThatIsGoneIsDownloadedAgainAndNothingElse() throws IOException {
    models().resolve("o/n", folder);
    Files.delete(snapshot().resolve(SECOND).toRealPath());
    Files.delete(snapshot().resolve(SECOND));
    hub.asked.clear();

    assertThatThrownBy(() -> models("HF_HUB_OFFLINE", "1").resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("or not all of it")
        .hasMessageContaining("HF_HUB_OFFLINE");
    models().resolve("o/n", folder);
    requireWhole();
    assertThat(hub.asked)
        .extracting(Asked::path)
        .allMatch(path -> path.endsWith(SECOND))
        .hasSize(1);
  }

  @Test
  void aTokenizerComesWithoutWeightsAndTheWholeModelCompletesIt() throws IOException {
    Path there = models().resolveTokenizer("o/n", folder);
    assertThat(filesIn(there)).contains("tokenizer.json").doesNotContain(FIRST, SECOND);

    assertThat(models().resolve("o/n", folder)).isEqualTo(there);
    requireWhole();
  }

  @Test
  void theOneFileOfWeightsComesBeforeTheIndex() throws IOException {
    hub.files.put("model.safetensors", bytes(77));

    assertThat(filesIn(models().resolve("o/n", folder)))
        .contains("model.safetensors")
        .doesNotContain(FIRST, SECOND, "model.safetensors.index.json");
  }

  @ParameterizedTest
  @CsvSource({"v1.0, refs/v1.0", "refs/pr/1, refs/refs/pr/1"})
  void aRevisionIsABranchOrTagAndItsCommitIsKept(String revision, String ref) throws IOException {
    assertThat(models().resolve("o/n@" + revision, folder)).isEqualTo(snapshot());

    assertThat(repository().resolve(ref)).hasContent(COMMIT);
    assertThat(repository().resolve("refs/main")).doesNotExist();
    assertThat(models("HF_HUB_OFFLINE", "1").resolve("o/n@" + revision, folder))
        .isEqualTo(snapshot());
  }

  @Test
  void aCommitNeedsNoLookUp() throws IOException {
    assertThat(models().resolve("o/n@" + COMMIT, folder)).isEqualTo(snapshot());

    assertThat(repository().resolve("refs")).doesNotExist();
    assertThat(hub.asked).extracting(Asked::path).noneMatch(path -> path.contains("/revision/"));
  }

  @Test
  void theTokenIsShownToTheHubAndToNobodyElse() throws IOException {
    models("HF_TOKEN", " " + TOKEN + "\n").resolve("o/n", folder);

    assertThat(hub.asked).extracting(Asked::authorization).containsOnly("Bearer " + TOKEN);
    assertThat(hub.askedOfStorage).isNotEmpty();
    assertThat(hub.askedOfStorage).extracting(Asked::authorization).containsOnlyNulls();
    assertThat(hub.askedOfStorage).extracting(Asked::agent).containsOnly("polyphase/1.2.3");
    assertThat(String.join("\n", told.said)).doesNotContain(TOKEN);
    for (String file : filesIn(cache())) {
      byte[] content = Files.readAllBytes(cache().resolve(file));
      assertThat(new String(content, StandardCharsets.ISO_8859_1)).doesNotContain(TOKEN);
    }
  }

  @Test
  void theTokenMayBeInAFile() throws IOException {
    Files.writeString(folder.resolve("token"), TOKEN + "\n");
    models("HF_HOME", folder.toString()).resolve("o/n", folder);
    assertThat(hub.asked).extracting(Asked::authorization).containsOnly("Bearer " + TOKEN);

    hub.asked.clear();
    Files.writeString(folder.resolve("mine"), "hf_other");
    models(
            "HF_HOME",
            folder.toString(),
            "HF_TOKEN_PATH",
            folder.resolve("mine").toString(),
            "HF_HUB_CACHE",
            folder.resolve("second").toString())
        .resolve("o/n", folder);
    assertThat(hub.asked).extracting(Asked::authorization).containsOnly("Bearer hf_other");
  }

  @Test
  void aTextThatIsNoTokenIsRefusedWithoutShowingIt() {
    assertThatThrownBy(() -> models("HF_TOKEN", "hf_a b\u00e9").resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("HF_TOKEN holds no token")
        .hasMessageNotContaining("hf_a");
    assertThat(hub.asked).isEmpty();
  }

  @Test
  void aConnectionThatIsCutGoesOnWhereItWas() throws IOException {
    hub.once("storage/" + FIRST, HubOnLoopback.cutAfter(200_000));
    hub.once("storage/" + FIRST, HubOnLoopback.cutAfter(100_000));
    hub.once("/config.json", HubOnLoopback.cutAfter(2));

    models().resolve("o/n", folder);

    requireWhole();
    assertThat(hub.askedOfStorage)
        .extracting(Asked::range)
        .contains("bytes=200000-", "bytes=300000-");
    assertThat(hub.asked).extracting(Asked::range).contains("bytes=2-");
    assertThat(waited).isNotEmpty().allMatch(time -> time.toSeconds() >= 1);
    assertThat(told.bytes.get()).isEqualTo(bytesAnnounced());
  }

  /** What was to come, without what was there. */
  private long bytesAnnounced() {
    String[] words = told.said.get(0).split(", ", -1);
    return Long.parseLong(words[2].replace(" bytes", ""))
        - Long.parseLong(words[3].replace(" there", ""));
  }

  @Test
  void anAnswerFromTheBeginningIsTakenFromTheBeginning() throws IOException {
    hub.once("storage/" + FIRST, HubOnLoopback.cutAfter(200_000));
    hub.once("storage/" + FIRST, HubOnLoopback.withoutRange());

    models().resolve("o/n", folder);

    requireWhole();
    assertThat(told.bytes.get()).isEqualTo(bytesAnnounced());
  }

  /** As after a process that was killed. */
  @Test
  void aLaterCommandGoesOnFromWhatAnEarlierOneLeft() throws IOException {
    for (int i = 0; i < 6; i++) {
      hub.once("storage/" + FIRST, HubOnLoopback.cutAfter(i == 0 ? 1000 : 0));
    }
    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("was cut")
        .hasMessageContaining("run the command again");
    assertThat(repository().resolve("refs")).doesNotExist();
    assertThat(filesIn(repository().resolve("blobs")))
        .anyMatch(name -> name.endsWith(".polyphase.incomplete"));
    assertThat(snapshot().resolve(FIRST)).doesNotExist();

    hub.askedOfStorage.clear();
    models().resolve("o/n", folder);

    requireWhole();
    assertThat(hub.askedOfStorage).extracting(Asked::range).contains("bytes=1000-");
  }

  @Test
  void whatAnEarlierOneLeftWrongIsThrownAway() throws IOException {
    Path blobs = Files.createDirectories(repository().resolve("blobs"));
    String name = HubOnLoopback.sha256(hub.files.get(FIRST)) + ".polyphase.incomplete";
    Files.write(blobs.resolve(name), new byte[400_000]);

    models().resolve("o/n", folder);

    requireWhole();
    assertThat(hub.askedOfStorage).extracting(Asked::range).contains("bytes=400000-");
  }

  static Stream<Arguments> lies() {
    byte[] other = bytes(CONFIG.length);
    return Stream.of(
        lie("bytes of another checksum", HubOnLoopback.instead(other)),
        lie("10 bytes, and lists 6", HubOnLoopback.instead(bytes(10))),
        lie("3 bytes, and lists 6", HubOnLoopback.instead(bytes(3))),
        lie("more bytes than it lists", HubOnLoopback.unsaid(bytes(20))));
  }

  private static Arguments lie(String said, Reaction reaction) {
    return Arguments.of(said, reaction);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("lies")
  void whatIsNotWhatTheHubListsGetsNoName(String said, Reaction reaction) throws IOException {
    hub.once("/config.json", reaction);
    hub.once("/config.json", reaction);

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("config.json of the model o/n")
        .hasMessageContaining(said);
    assertThat(repository().resolve("blobs").resolve(CONFIG_ID)).doesNotExist();
    assertThat(snapshot().resolve("config.json").toFile()).doesNotExist();

    hub.once("/config.json", reaction); // once is not twice
    models().resolve("o/n", folder);
    requireWhole();
  }

  @Test
  void aBodyThatEndsEarlyIsTriedAgain() throws IOException {
    hub.once("/config.json", HubOnLoopback.unsaid(Arrays.copyOf(CONFIG, 3)));

    models().resolve("o/n", folder);

    requireWhole();
  }

  @Test
  void aHubThatSaysNothingIsNotWaitedForForever() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    hub.once(
        "/config.json",
        (exchange, content) -> {
          exchange.sendResponseHeaders(200, content.length);
          exchange.getResponseBody().write(content, 0, 2);
          exchange.getResponseBody().flush();
          try {
            end.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });

    models("HF_HUB_DOWNLOAD_TIMEOUT", "1").resolve("o/n", folder);

    end.countDown();
    requireWhole();
    assertThat(hub.asked).extracting(Asked::range).contains("bytes=2-");
  }

  @Test
  void itWaitsAsLongAsTheHubAsks() throws IOException {
    hub.once("/revision/main", HubOnLoopback.status(429, "Retry-After", "17"));
    hub.once("/revision/main", HubOnLoopback.status(429, "RateLimit", "\"api\";r=0;t=55"));
    hub.once("/revision/main", HubOnLoopback.status(503));
    hub.once("/tree/" + COMMIT, HubOnLoopback.status(500));

    models().resolve("o/n", folder);

    requireWhole();
    assertThat(waited)
        .containsExactly(
            Duration.ofSeconds(17),
            Duration.ofSeconds(55),
            Duration.ofSeconds(4),
            Duration.ofSeconds(1));
  }

  @Test
  void aLongWaitIsForTheUserToTake() {
    hub.once("/revision/main", HubOnLoopback.status(429, "Retry-After", "3600"));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("429")
        .hasMessageContaining("HF_TOKEN")
        .hasMessageContaining("in 3,600 s");
    assertThat(waited).isEmpty();
  }

  @Test
  void aHubWithAFaultIsTriedSixTimes() {
    for (int i = 0; i < 6; i++) {
      hub.once("/revision/main", HubOnLoopback.status(502));
    }

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("has a fault of its own (502)");
    assertThat(waited).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L, 16L);
  }

  @Test
  void whoMayNotReadIsToldWhatToDo() {
    String url = hub.endpoint() + "/o/n";
    refused(HubOnLoopback.status(401))
        .hasMessageContaining("o/n is neither the folder " + folder.resolve("o/n"))
        .hasMessageContaining("set HF_TOKEN");
    refused(HubOnLoopback.status(401, "X-Error-Code", "GatedRepo"))
        .hasMessageContaining("accept its licence at " + url)
        .hasMessageContaining("set HF_TOKEN");
    refused(HubOnLoopback.status(403, "X-Error-Code", "GatedRepo"), "HF_TOKEN", TOKEN)
        .hasMessageContaining("accept its licence at " + url)
        .hasMessageContaining("the token in HF_TOKEN");
    refused(HubOnLoopback.status(401), "HF_TOKEN", TOKEN)
        .hasMessageContaining("the token in HF_TOKEN")
        .hasMessageContaining("/settings/tokens");
    refused(HubOnLoopback.status(404, "X-Error-Code", "RepoNotFound"))
        .hasMessageContaining(
            "neither the folder " + folder.resolve("o/n") + " nor a model at 127");
    refused(HubOnLoopback.status(404, "X-Error-Code", "RevisionNotFound"))
        .hasMessageContaining("the model o/n has no revision main");
    assertThat(repository().resolve("snapshots")).doesNotExist();
  }

  private AbstractThrowableAssert<?, ? extends Throwable> refused(
      Reaction reaction, String... environment) {
    hub.once("/revision/main", reaction);
    return assertThatThrownBy(() -> models(environment).resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageNotContaining(TOKEN);
  }

  @Test
  void aFileThatMayNotBeReadIsNotTriedAgain() throws IOException {
    hub.once("/" + FIRST, HubOnLoopback.status(403, "X-Error-Code", "GatedRepo"));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("accept its licence");
    assertThat(waited).isEmpty();
    models().resolve("o/n", folder);
    requireWhole();
  }

  @Test
  void offlineNothingIsAskedFor() {
    for (String variable : List.of("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")) {
      assertThatThrownBy(() -> models(variable, "1").resolve("o/n", folder))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("neither the folder " + folder.resolve("o/n"))
          .hasMessageContaining(variable + " forbids downloads");
    }
    assertThat(hub.asked).isEmpty();
    assertThat(cache()).doesNotExist();
  }

  @Test
  void withoutANetworkASentenceSaysSo() throws IOException {
    int port;
    try (ServerSocket nobody = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = nobody.getLocalPort();
    }

    assertThatThrownBy(
            () -> models("HF_ENDPOINT", "http://127.0.0.1:" + port).resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("127.0.0.1 can't be reached")
        .hasMessageContaining("check the network and HF_ENDPOINT");
    assertThat(waited).isEmpty();
  }

  /** Made as transformers leaves it: links, a ref, and no list of what belongs to it. */
  @Test
  void whatOtherToolsDownloadedIsTakenWithoutANetwork() throws IOException {
    for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
      Path blob = repository().resolve("blobs").resolve("of-" + name);
      Files.createDirectories(blob.getParent());
      Files.write(blob, bytes(10));
      Files.createDirectories(snapshot());
      Files.createSymbolicLink(snapshot().resolve(name), Path.of("../../blobs/of-" + name));
    }
    Files.createDirectories(repository().resolve("refs"));
    Files.writeString(repository().resolve("refs/main"), COMMIT);

    assertThat(models().resolve("o/n", folder)).isEqualTo(snapshot());
    assertThat(hub.asked).isEmpty();
  }

  @Test
  void whatOtherToolsDownloadedInPartIsCompletedOrSaid() throws IOException {
    Files.createDirectories(snapshot());
    Files.writeString(snapshot().resolve("config.json"), "hello\n");
    Files.createDirectories(repository().resolve("refs"));
    Files.writeString(repository().resolve("refs/main"), COMMIT);

    assertThat(models("HF_HUB_OFFLINE", "1").resolve("o/n", folder)).isEqualTo(snapshot());
    assertThat(filesIn(snapshot())).containsExactly("config.json");
    models().resolve("o/n", folder);
    requireWhole();
  }

  @Test
  void twoAtOnceDownloadEverythingOnce() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    hub.once(
        "/config.json",
        (exchange, content) -> {
          begun.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          HubOnLoopback.instead(content).answer(exchange, content);
        });
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Callable<Path> download = () -> models().resolve("o/n", folder);
      Future<Path> first = threads.submit(download);
      begun.await();
      Future<Path> second = threads.submit(download);
      while (!told.said.contains("waiting for another command, which downloads the model o/n")) {
        Thread.onSpinWait();
      }
      goOn.countDown();

      assertThat(first.get()).isEqualTo(snapshot());
      assertThat(second.get()).isEqualTo(snapshot());
    } finally {
      threads.shutdownNow();
    }
    requireWhole();
    assertThat(hub.asked)
        .extracting(Asked::path)
        .filteredOn(path -> path.contains("/resolve/"))
        .hasSize(wanted().size() - 1)
        .doesNotHaveDuplicates();
  }

  @Test
  void aModelWithoutSafetensorsIsRefusedBeforeItIsDownloaded() throws IOException {
    hub.files.remove("model.safetensors.index.json");

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the model o/n has neither model.safetensors nor")
        .hasMessageContaining("safetensors");
    assertThat(hub.asked).extracting(Asked::path).noneMatch(path -> path.contains("/resolve/"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../secret.json",
        "/etc/secret.json",
        "a/../../x.json",
        "a\\..\\x.json",
        "a//b.json",
        "C:x.json"
      })
  void aListThatLeadsOutOfTheCacheIsRefused(String name) throws IOException {
    hub.files.put(name, bytes(20));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("does not answer as the hub does");
    assertThat(filesIn(folder)).allMatch(file -> file.startsWith("hub/"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>", "[]", "{\"sha\": \"../../x\"}", "{\"sha\": 7}", ""})
  void whatIsNoHubIsSaid(String answer) {
    hub.once("/revision/main", HubOnLoopback.instead(utf8(answer)));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(OperationFailedException.class)
        .hasMessageContaining("does not answer as the hub does; check HF_ENDPOINT");
  }

  @ParameterizedTest
  @ValueSource(strings = {"huggingface.co", "ftp://h", "http://user:pw@h", "https://", "a b"})
  void anEndpointThatIsNoneIsRefused(String endpoint) {
    assertThatThrownBy(() -> models("HF_ENDPOINT", endpoint).resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("HF_ENDPOINT is no address of a hub")
        .hasMessageNotContaining("pw");
  }

  @Test
  void whatDoesNotFitOnTheDiskIsNotBegun() throws IOException {
    hub.once(
        "/tree/" + COMMIT,
        HubOnLoopback.instead(
            utf8(
                "[{\"type\": \"file\", \"path\": \"model.safetensors\", \"size\": %d, \"oid\": \"%s\"}]"
                    .formatted(1L << 60, COMMIT))));

    assertThatThrownBy(() -> models().resolve("o/n", folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("takes 1,152,921,504,606,846,976 bytes more")
        .hasMessageContaining("HF_HUB_CACHE");
    assertThat(told.said).isEmpty();
  }

  @Test
  void aDiskThatFillsIsSaidAndWithRoomItGoesOn() throws IOException {
    Path mountPoint = Files.createDirectory(folder.resolve("disk"));
    try (SmallDisk disk = SmallDisk.mount(mountPoint, 4 << 20)) {
      hub.once(
          "storage/" + FIRST,
          (exchange, content) -> {
            disk.fill();
            HubOnLoopback.withoutRange().answer(exchange, content);
          });
      ModelFolders models = models("HF_HUB_CACHE", mountPoint.toString());

      assertThatThrownBy(() -> models.resolve("o/n", folder))
          .isInstanceOf(FileSystemException.class)
          .hasMessageContaining("no room left on its disk");
      assertThat(waited).isEmpty();
      assertThat(mountPoint.resolve("models--o--n/refs")).doesNotExist();

      disk.makeRoom();
      assertThat(filesIn(models.resolve("o/n", folder))).isEqualTo(wanted());
    }
  }

  @Test
  void noThreadIsLeftThatKeepsTheProgramFromEnding() throws IOException {
    models().resolve("o/n", folder);

    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().matches("hub|HttpClient.*"))
        .allMatch(Thread::isDaemon);
  }

  @Test
  void aDataSetComesWithItsRowsAndItsCard() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("README.md", utf8("---\nconfigs: []\n---\n"));
    files.put("data/train-00000-of-00001.parquet", bytes(5000));
    files.put("data/test.jsonl.zst", bytes(600));
    files.put("en/rows.CSV", utf8("a,b\n"));
    files.put("images/1.png", bytes(50));
    files.put("load.py", utf8("import os\n"));
    files.put(".hidden/rows.jsonl", bytes(60));
    try (HubOnLoopback other =
        new HubOnLoopback(
            "datasets/o/d", COMMIT, files, List.of("data/train-00000-of-00001.parquet"))) {
      ModelFolders sets = models("HF_ENDPOINT", other.endpoint());
      Path there = sets.snapshot("o/d", Optional.empty()).orElseThrow();

      assertThat(there).isEqualTo(cache().resolve("datasets--o--d/snapshots").resolve(COMMIT));
      assertThat(filesIn(there))
          .containsExactlyInAnyOrder(
              "README.md",
              "data/train-00000-of-00001.parquet",
              "data/test.jsonl.zst",
              "en/rows.CSV");
      assertThat(there.resolve("data/train-00000-of-00001.parquet")).hasBinaryContent(bytes(5000));
      assertThat(models("HF_HUB_OFFLINE", "1").snapshot("o/d", Optional.of(COMMIT)))
          .contains(there);
      assertThatThrownBy(() -> sets.snapshot("o/none", Optional.of("v2")))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("the data set o/none has no revision v2");
    }
  }

  /** By the card, and by names of files that nobody has downloaded yet. */
  @Test
  void ofADataSetThoseFilesComeThatAreChosen() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("README.md", utf8("german: de\n"));
    files.put("de/train.jsonl", bytes(500));
    files.put("de/state.json", utf8("{\"files\": 1}"));
    files.put("en/train.jsonl", bytes(600));
    try (HubOnLoopback other =
        new HubOnLoopback("datasets/o/d", COMMIT, files, List.of("en/train.jsonl"))) {
      ModelFolders sets = models("HF_ENDPOINT", other.endpoint());
      DatasetHub.Choice german =
          outline -> {
            assertThat(filesIn(outline)).isEqualTo(files.keySet());
            assertThat(outline.resolve("de/state.json")).hasContent("{\"files\": 1}");
            assertThat(outline.resolve("de/train.jsonl")).isEmptyFile();
            String language = Files.readString(outline.resolve("README.md")).substring(8).strip();
            return List.of(outline.resolve(language).resolve("train.jsonl"));
          };
      Path there = sets.snapshot("o/d", Optional.empty(), german).orElseThrow();
      assertThat(filesIn(there))
          .containsExactlyInAnyOrder("README.md", "de/state.json", "de/train.jsonl");

      DatasetHub.Choice english = outline -> List.of(outline.resolve("en/train.jsonl"));
      ModelFolders offline = models("HF_HUB_OFFLINE", "1");
      assertThat(offline.snapshot("o/d", Optional.empty(), german)).contains(there);
      assertThatThrownBy(() -> offline.snapshot("o/d", Optional.empty(), english))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("HF_HUB_OFFLINE");
      assertThat(sets.snapshot("o/d", Optional.empty(), english)).contains(there);
      assertThat(there.resolve("en/train.jsonl")).hasBinaryContent(bytes(600));
    }
  }

  @Test
  void linksAreReplacedAndWhatTheyLedToIsNot() throws IOException {
    Path mine = Files.writeString(folder.resolve("mine.txt"), "mine");
    Files.createDirectories(snapshot());
    Files.createSymbolicLink(snapshot().resolve("config.json"), mine);

    models().resolve("o/n", folder);

    requireWhole();
    assertThat(mine).hasContent("mine");
    assertThat(Files.isSymbolicLink(snapshot().resolve("config.json"))).isTrue();
    assertThat(Files.exists(mine, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }
}
