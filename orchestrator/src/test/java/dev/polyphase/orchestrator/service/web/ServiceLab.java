package dev.polyphase.orchestrator.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.service.watch.RunWatcher;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A service without a worker: all of it but the processes of runs, on a port of its own. */
final class ServiceLab implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONG_ENOUGH = Duration.ofSeconds(30);

  final Path folder;
  final Path home;
  final RunIndex index;
  final RunQueue queue;
  final RunWatcher watcher;
  final WebServer web;
  final List<String> messages = new CopyOnWriteArrayList<>();
  final ApiDescription description = new ApiDescription();
  private final Database database;
  private final Schedules schedules;
  private final HttpClient client = HttpClient.newHttpClient();

  /** What a test wants otherwise than others. */
  record Wishes(
      @Nullable AccessToken token, UnaryOperator<List<String>> program, Duration patience) {
    static final Wishes NONE =
        new Wishes(null, arguments -> List.of("false"), WebSettings.PATIENCE);
  }

  /** Starts it in an empty folder. */
  ServiceLab(Path folder, Wishes wishes) throws IOException {
    this.folder = folder;
    home = Files.createDirectories(folder.resolve("home"));
    database = Database.open(home, null);
    index = new RunIndex(database, home);
    queue = new RunQueue(database, home, Clock.systemUTC());
    schedules = new Schedules(database, queue);
    watcher =
        new RunWatcher(
            index,
            queue,
            schedules,
            new RunWatcher.Listener() {
              @Override
              public void lineAdded(IndexedRun run, String line) {}

              @Override
              public void died(IndexedRun run) {}
            },
            messages::add);
    web =
        new WebServer(
            new WebSettings(
                "127.0.0.1",
                0,
                wishes.token(),
                "test",
                List.of("cpu"),
                "h2",
                home,
                folder,
                Duration.ofMillis(300),
                wishes.patience()),
            watcher,
            queue,
            schedules,
            () -> "# nothing\n",
            wishes.program(),
            Clock.systemUTC(),
            messages::add);
    web.start();
    watcher.start();
  }

  ServiceLab(Path folder) throws IOException {
    this(folder, Wishes.NONE);
  }

  /** Lets the service know of the runs below a folder. */
  void lookIn(Path runs) throws IOException {
    index.lookIn(runs);
    watcher.look();
  }

  /** The id of a run in a folder. */
  static String id(Path run) {
    return KnownFolders.id(run);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(web.url()).resolve(path));
  }

  /** Sends a request; what is answered must be as the description of the API promises. */
  HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
    try {
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      description.check(answer);
      return answer;
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  HttpResponse<String> get(String path) throws IOException {
    return send(request(path).GET());
  }

  HttpResponse<String> post(String path, String body) throws IOException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  /** The JSON of an answer that has a status. */
  static JsonNode json(int status, HttpResponse<String> answer) throws IOException {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
    return JSON.readTree(answer.body());
  }

  /** Looks until something is so, and fails where it never is. */
  static void await(Callable<Boolean> so) throws Exception {
    long end = System.nanoTime() + LONG_ENOUGH.toNanos();
    while (!so.call()) {
      assertThat(System.nanoTime()).as("it never was so").isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    watcher.close();
    web.close();
    schedules.close();
    database.close();
  }
}
