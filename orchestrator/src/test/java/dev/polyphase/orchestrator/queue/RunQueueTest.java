package dev.polyphase.orchestrator.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RunQueueTest {
  private static final Instant NOW = Instant.parse("2026-11-30T03:40:55.123Z");

  @TempDir Path folder = Path.of("");

  private RunQueue queue(Database database) {
    return new RunQueue(database, folder, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private Submission submission(String name) throws IOException {
    return submission(name, null, 0, null);
  }

  private Submission submission(
      String name, @Nullable String after, int priority, @Nullable String key) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), FakeRun.pipeline(name));
    return new Submission(file, List.of(), folder.resolve("runs"), after, priority, null, key);
  }

  @ParameterizedTest
  @EnumSource
  void keepsWhatIsSubmitted(Databases kind) throws IOException {
    Databases.Opened opened = kind.open(folder);
    try (Database database = opened.again()) {
      QueuedRun first = queue(database).submit(submission("first"));
      QueuedRun second =
          queue(database)
              .submit(
                  new Submission(
                      folder.resolve("first.yaml"),
                      List.of("name=second", "seed=7"),
                      null,
                      "first",
                      5,
                      "cuda:1",
                      null));

      assertThat(first)
          .isEqualTo(
              new QueuedRun(
                  first.number(),
                  "first",
                  folder.resolve("first.yaml"),
                  folder.resolve("runs/first"),
                  State.WAITING,
                  0,
                  null,
                  null,
                  0,
                  null,
                  null,
                  null,
                  NOW,
                  null,
                  null));
      assertThat(second.run()).isEqualTo(Path.of("runs/second").toAbsolutePath());
      assertThat(second.after()).isEqualTo(first.number());
      assertThat(second.device()).isEqualTo("cuda:1");
      assertThat(second.priority()).isEqualTo(5);
      assertThat(second.number()).isGreaterThan(first.number());
    }
    try (Database database = opened.again()) {
      assertThat(queue(database).all())
          .extracting(QueuedRun::name)
          .containsExactly("second", "first");
      assertThat(queue(database).find(1).orElseThrow().name()).isEqualTo("first");
      assertThat(queue(database).text(1)).contains(FakeRun.pipeline("first"));
      assertThat(queue(database).find(99)).isEmpty();
      assertThat(queue(database).isServed()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatIsWrongAndKeepsNothingOfIt(Databases kind) throws IOException {
    try (Database database = kind.open(folder).again()) {
      RunQueue queue = queue(database);
      Path wrong = Files.writeString(folder.resolve("wrong.yaml"), "name: wrong\nphasse: []\n");

      assertThatThrownBy(
              () -> queue.submit(new Submission(wrong, List.of(), null, null, 0, null, null)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("phasse");
      assertThatThrownBy(() -> queue.submit(submission("late", "nobody", 0, null)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("nobody");
      Submission device =
          new Submission(
              folder.resolve("late.yaml"), List.of(), null, null, 0, "gpu number one", null);
      assertThatThrownBy(() -> queue.submit(device))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("device");
      assertThat(queue.all()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneRunOfAFolderAtATime(Databases kind) throws IOException {
    try (Database database = kind.open(folder).again()) {
      RunQueue queue = queue(database);
      QueuedRun first = queue.submit(submission("same"));

      assertThatThrownBy(() -> queue.submit(submission("same")))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("polyphase queue cancel " + first.number());
      queue.cancel(first.number());
      QueuedRun second = queue.submit(submission("same"));

      assertThatThrownBy(() -> queue.resume(first.number())).isInstanceOf(InputException.class);
      queue.cancel(second.number());
      assertThat(queue.resume(first.number()).state()).isEqualTo(State.WAITING);
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneKeySubmitsOnceHoweverManyTry(Databases kind)
      throws IOException, InterruptedException, ExecutionException {
    try (Database database = kind.open(folder).again()) {
      Submission keyed = submission("nightly", null, 0, "schedule:nightly:2026-11-30T22:00:00Z");
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        Callable<Long> submit = () -> queue(database).submit(keyed).number();
        List<Future<Long>> numbers =
            threads.invokeAll(IntStream.range(0, 8).mapToObj(i -> submit).toList());
        assertThat(numbers.stream().map(RunQueueTest::get).collect(Collectors.toSet())).hasSize(1);
      } finally {
        threads.shutdown();
      }
      assertThat(queue(database).all()).hasSize(1);
    }
  }

  private static long get(Future<Long> future) {
    try {
      return future.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  void stopsCancelsAndResumesWhatWaits(Databases kind) throws IOException {
    try (Database database = kind.open(folder).again()) {
      RunQueue queue = queue(database);
      long number = queue.submit(submission("one")).number();

      QueuedRun stopped = queue.stop(number);
      assertThat(stopped.state()).isEqualTo(State.STOPPED);
      assertThat(stopped.ended()).isEqualTo(NOW);
      assertThatThrownBy(() -> queue.stop(number))
          .isInstanceOf(InputException.class)
          .hasMessage("run %d (one) of the queue is stopped; there is nothing to stop", number);
      assertThat(queue.resume(number).ended()).isNull();
      assertThatThrownBy(() -> queue.resume(number)).isInstanceOf(InputException.class);
      assertThat(queue.cancel(number).state()).isEqualTo(State.CANCELLED);
      assertThatThrownBy(() -> queue.cancel(number)).isInstanceOf(InputException.class);
      assertThatThrownBy(() -> queue.cancel(77))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("no run 77");
      assertThatThrownBy(() -> queue.submit(submission("two", "one", 0, null)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("cancelled");
      assertThat(queue.find(number).map(QueuedRun::state)).isEqualTo(Optional.of(State.CANCELLED));
    }
  }
}
