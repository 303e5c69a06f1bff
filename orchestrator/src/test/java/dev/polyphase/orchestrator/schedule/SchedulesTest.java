package dev.polyphase.orchestrator.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.orchestrator.Eventually;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedule.Missed;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SchedulesTest {
  static final ZoneId VIENNA = ZoneId.of("Europe/Vienna");
  private static final String EVERY_SECOND = "* * * * * ?";
  private static final String EVERY_EVENING = "0 0 22 * * ?";

  @TempDir Path folder = Path.of("");

  /** A pipeline that is right as it is written. */
  static Path pipeline(Path folder, String file, String name) throws IOException {
    return Files.writeString(
        folder.resolve(file + ".yaml"),
        """
        name: %s
        base_model: base
        phases:
          - name: only
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl}]
            learning_rate: 1e-5
        """
            .formatted(name));
  }

  private Schedule schedule(String name, String cron) throws IOException {
    return schedule(name, cron, Missed.ONCE);
  }

  private Schedule schedule(String name, String cron, Missed missed) throws IOException {
    Path file = pipeline(folder, name, name + "-{date}");
    return Schedule.of(
        name, file, cron, VIENNA, missed, List.of(), folder.resolve("runs"), 0, null);
  }

  private static RunQueue queue(Database database, Path home) {
    return new RunQueue(database, home, Clock.systemUTC());
  }

  private Schedules schedules(Database database) {
    return new Schedules(database, queue(database, folder));
  }

  @ParameterizedTest
  @EnumSource
  void keepsWhatIsAdded(Databases kind) throws IOException {
    Databases.Opened opened = kind.open(folder);
    Schedule full =
        Schedule.of(
            "full",
            pipeline(folder, "full", "full-{date}"),
            "0 0/30 2-4 ? * SUN",
            VIENNA,
            Missed.SKIP,
            List.of("seed=7", "phases.only.learning_rate=1e-6\n"),
            folder.resolve("elsewhere"),
            -3,
            "cuda:1");
    Schedule plain =
        Schedule.of(
            "Plain.1",
            pipeline(folder, "plain", "plain"),
            EVERY_EVENING,
            ZoneId.of("America/New_York"),
            Missed.ONCE,
            List.of(),
            null,
            0,
            null);
    Instant before = Instant.now();
    try (Database database = opened.again();
        Schedules schedules = schedules(database)) {
      assertThat(schedules.all()).isEmpty();
      schedules.add(full);
      schedules.add(plain);
    }
    try (Database database = opened.again();
        Schedules schedules = schedules(database)) {
      List<Schedule> all = schedules.all();
      assertThat(all).extracting(Schedule::name).containsExactly("Plain.1", "full");
      assertThat(all)
          .usingRecursiveFieldByFieldElementComparatorIgnoringFields("next")
          .containsExactly(plain, full);
      for (Schedule schedule : all) {
        Cron cron = Cron.of(schedule.cron(), schedule.timezone());
        assertThat(schedule.next()).isEqualTo(cron.next(before).orElseThrow());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void restsAndGoesOn(Databases kind) throws IOException {
    try (Database database = kind.open(folder).again();
        Schedules schedules = schedules(database)) {
      Schedule added = schedules.add(schedule("nightly", EVERY_EVENING));
      assertThat(added.paused()).isFalse();

      Schedule paused = schedules.pause("nightly");
      assertThat(paused.paused()).isTrue();
      assertThat(paused.next()).isNull();
      assertThat(schedules.all()).containsExactly(paused);

      assertThat(schedules.resume("nightly")).isEqualTo(added);
      assertThat(schedules.resume("nightly")).isEqualTo(added);

      schedules.remove("nightly");
      assertThat(schedules.all()).isEmpty();
      schedules.add(schedule("nightly", EVERY_SECOND));
    }
  }

  @Test
  void refusesWhatIsWrong() throws IOException {
    try (Database database = Databases.H2.open(folder).again();
        Schedules schedules = schedules(database)) {
      Schedule nightly = schedule("nightly", EVERY_EVENING);
      schedules.add(nightly);
      assertThatThrownBy(() -> schedules.add(nightly))
          .isInstanceOf(InputException.class)
          .hasMessage("there is a schedule nightly already; remove it, or choose another name");
      assertThatThrownBy(() -> schedules.add(schedule("past", "0 0 22 * * ? 2020")))
          .isInstanceOf(InputException.class)
          .hasMessage(
              "the times of \"0 0 22 * * ? 2020\" have all passed; give one of times to come");
      assertThatThrownBy(() -> schedules.add(schedule("crontab", "0 22 * * *")))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("write \"0 0 22 * * ?\"");
      Path wrong = pipeline(folder, "wrong", "a-{day}");
      assertThatThrownBy(() -> schedules.add(of("wrong", wrong)))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(wrong + ":1:7: name: holds {day}");
      assertThatThrownBy(() -> schedules.add(of("gone", folder.resolve("gone.yaml"))))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("there is no such file");
      assertThatThrownBy(() -> schedules.add(of("a/b", nightly.pipeline())))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("the schedule's name is a/b; give up to 100 letters");
      for (String done : List.of("pause", "resume", "remove", "runNow")) {
        assertThatThrownBy(
                () -> {
                  switch (done) {
                    case "pause" -> schedules.pause("other");
                    case "resume" -> schedules.resume("other");
                    case "remove" -> schedules.remove("other");
                    default -> schedules.runNow("other");
                  }
                })
            .isInstanceOf(InputException.class)
            .hasMessage("there is no schedule other; `polyphase schedule list` names all");
      }
      assertThat(schedules.all()).extracting(Schedule::name).containsExactly("nightly");
    }
  }

  private Schedule of(String name, Path pipeline) {
    return Schedule.of(
        name, pipeline, EVERY_EVENING, VIENNA, Missed.ONCE, List.of(), null, 0, null);
  }

  /** One process adds, as the command line does, another submits. */
  @ParameterizedTest
  @EnumSource
  void submitsByTheClock(Databases kind) throws Exception {
    Databases.Opened opened = kind.open(folder);
    try (Database services = opened.again();
        Schedules service = schedules(services);
        Database database = opened.again();
        Schedules schedules = schedules(database)) {
      assertThat(schedules.served()).isFalse();
      service.start();
      Eventually.holds(schedules::served);
      RunQueue queue = queue(database, folder);
      LocalDate before = LocalDate.now(VIENNA);
      schedules.add(schedule("often", EVERY_SECOND));

      QueuedRun first = Eventually.get(queue::all, runs -> !runs.isEmpty()).get(0);
      assertThat(first.name()).isIn("often-" + before, "often-" + LocalDate.now(VIENNA));
      assertThat(first.run()).isEqualTo(folder.resolve("runs").resolve(first.name()));

      // The run of the day is in the queue, so that those of later seconds can't be.
      Schedule failed =
          Eventually.get(() -> schedules.all().get(0), schedule -> schedule.failure() != null);
      assertThat(failed.failure()).contains("is the folder of run " + first.number());
      assertThat(failed.queued()).isNull();
      assertThat(queue.all()).hasSize(1);

      // They can as soon as it is no more.
      queue.cancel(first.number());
      Schedule right =
          Eventually.get(() -> schedules.all().get(0), schedule -> schedule.queued() != null);
      assertThat(right.failure()).isNull();
      assertThat(right.previous()).isAfter(failed.previous());

      // A pipeline that is gone is no reason to stop.
      Files.delete(right.pipeline());
      Eventually.holds(
          () ->
              Objects.requireNonNullElse(schedules.all().get(0).failure(), "")
                  .contains("there is no such file"));
      schedules.remove("often");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServiceThatEndsIsGoneAtOnce(Databases kind) throws Exception {
    Databases.Opened opened = kind.open(folder);
    try (Database database = opened.again();
        Schedules schedules = schedules(database)) {
      try (Database services = opened.again();
          Schedules service = schedules(services)) {
        service.start();
        Eventually.holds(schedules::served);
      }
      assertThat(schedules.served()).isFalse();
    }
  }

  /** What was due while it rested is not made up for, at once or ever. */
  @Test
  void whatPassedWhileItRestedWasNotMissed() throws Exception {
    try (Database database = Databases.H2.open(folder).again();
        Schedules schedules = schedules(database)) {
      schedules.start();
      RunQueue queue = queue(database, folder);
      Instant due = Instant.now().plusSeconds(5);
      schedules.add(schedule("rested", daily(due)));
      schedules.pause("rested");
      schedules.add(schedule("other", daily(due)));
      Eventually.holds(() -> queue.all().size() == 1);
      Schedule resumed = schedules.resume("rested");
      assertThat(resumed.next()).isAfter(due.plusSeconds(3600 * 22));
      // Its next would be submitted by now.
      schedules.add(schedule("later", daily(Instant.now().plusSeconds(3))));
      Eventually.holds(() -> queue.all().size() == 2);
      assertThat(queue.all()).extracting(QueuedRun::name).noneMatch(n -> n.startsWith("rested"));
    }
  }

  /** An expression for a time of the day. */
  static String daily(Instant time) {
    ZonedDateTime local = time.atZone(VIENNA);
    return "%d %d %d * * ?".formatted(local.getSecond(), local.getMinute(), local.getHour());
  }

  @ParameterizedTest
  @EnumSource
  void ofTwoServicesOneSubmitsEachTime(Databases kind) throws Exception {
    Databases.Opened opened = kind.open(folder);
    try (Database one = opened.again();
        Schedules first = schedules(one);
        Database two = opened.again();
        Schedules second = schedules(two)) {
      first.start();
      second.start();
      Instant due = Instant.now().plusSeconds(8);
      List<String> names = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        names.add("s" + i);
        (i % 2 == 0 ? first : second).add(schedule("s" + i, daily(due)));
      }
      List<Schedule> all =
          Eventually.get(
              first::all, schedules -> schedules.stream().allMatch(s -> s.previous() != null));
      assertThat(all).extracting(Schedule::failure).containsOnlyNulls();
      assertThat(all)
          .extracting(Schedule::previous)
          .containsOnly(Instant.ofEpochSecond(due.getEpochSecond()));
      assertThat(queue(one, folder).all())
          .extracting(run -> run.name().replaceFirst("-.*", ""))
          .containsExactlyInAnyOrderElementsOf(names);
    }
  }

  /** As when a service dies after it has submitted, and before it has said so. */
  @ParameterizedTest
  @EnumSource
  void aTimeThatIsDoneTwiceIsSubmittedOnce(Databases kind) throws IOException {
    Databases.Opened opened = kind.open(folder);
    try (Database one = opened.again();
        Schedules first = schedules(one);
        Database two = opened.again();
        Schedules second = schedules(two)) {
      StoredSchedule nightly =
          new StoredSchedule(schedule("nightly", EVERY_EVENING, Missed.SKIP), folder);
      Instant due = Instant.parse("2026-10-25T21:00:00Z");
      first.submit(nightly, due);
      second.submit(nightly, due);
      RunQueue queue = queue(one, folder);
      assertThat(queue.all()).hasSize(1);
      queue.cancel(queue.all().get(0).number());
      second.submit(nightly, due.plusMillis(700)); // no time of its own
      assertThat(queue.all()).hasSize(1);
      second.submit(nightly, due.plusSeconds(24 * 3600));
      assertThat(queue.all())
          .extracting(QueuedRun::name)
          .containsExactly("nightly-2026-10-26", "nightly-2026-10-25");
    }
  }

  /** 22:00 in Vienna is 21:00 in London, and the next day in Auckland. */
  @Test
  void theDateIsThatOfTheTimeInItsZone() throws IOException {
    Instant due = Instant.parse("2026-11-30T21:00:00Z");
    Path file = pipeline(folder, "dated", "run-{date}");
    StoredSchedule auckland =
        new StoredSchedule(
            Schedule.of(
                "dated",
                file,
                "0 0 10 * * ?",
                ZoneId.of("Pacific/Auckland"),
                Missed.ONCE,
                List.of("output_dir=runs/{date}"),
                null,
                0,
                null),
            folder);
    assertThat(auckland.submission(due, "key").sets())
        .containsExactly("output_dir=runs/{date}", "name=\"run-2026-12-01\"");
    assertThat(auckland.submission(due, "key").output())
        .isEqualTo(folder.resolve("runs/2026-12-01"));
  }

  @Test
  void submitsNow() throws IOException {
    try (Database database = Databases.H2.open(folder).again();
        Schedules schedules = schedules(database)) {
      schedules.add(schedule("nightly", EVERY_EVENING));
      LocalDate before = LocalDate.now(VIENNA);
      QueuedRun queued = schedules.runNow("nightly");
      assertThat(queued.name()).isIn("nightly-" + before, "nightly-" + LocalDate.now(VIENNA));
      Schedule schedule = schedules.all().get(0);
      assertThat(schedule.queued()).isEqualTo(queued.number());
      assertThat(queue(database, folder).all()).containsExactly(queued);
      assertThatThrownBy(() -> schedules.runNow("nightly"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("is the folder of run " + queued.number());
      assertThat(schedules.all()).containsExactly(schedule);
    }
  }

  @Test
  void tellsWhatRunsWillBeMade() throws IOException {
    Schedule nightly = schedule("nightly", EVERY_EVENING);
    List<Schedules.Upcoming> upcoming = Schedules.upcoming(nightly, 3);
    assertThat(upcoming).hasSize(3);
    for (Schedules.Upcoming next : upcoming) {
      LocalDate day = next.time().atZone(VIENNA).toLocalDate();
      assertThat(next.run()).isEqualTo(folder.resolve("runs/nightly-" + day));
    }
  }
}
