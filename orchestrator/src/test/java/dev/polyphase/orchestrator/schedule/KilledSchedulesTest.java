package dev.polyphase.orchestrator.schedule;

import static dev.polyphase.orchestrator.schedule.SchedulesTest.VIENNA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.Eventually;
import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedule.Missed;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Services that are killed, and what those that follow make up for. */
class KilledSchedulesTest {
  @TempDir Path folder = Path.of("");

  private Schedule schedule(String name, Instant due, Missed missed) throws IOException {
    return Schedule.of(
        name,
        SchedulesTest.pipeline(folder, name, name + "-{date}"),
        SchedulesTest.daily(due),
        VIENNA,
        missed,
        List.of(),
        folder.resolve("runs"),
        0,
        null);
  }

  private RunQueue queue(Database database) {
    return new RunQueue(database, folder, Clock.systemUTC());
  }

  @ParameterizedTest
  @EnumSource
  void whatWasMissedIsMadeUpForOnceOrNot(Databases kind) throws Exception {
    Databases.Opened opened = kind.open(folder);
    Instant due;
    try (ScheduleService killed = ScheduleService.start(opened)) {
      try (Database database = opened.again();
          Schedules schedules = new Schedules(database, queue(database))) {
        due = Instant.now().plusSeconds(8).truncatedTo(ChronoUnit.SECONDS);
        schedules.add(schedule("once", due, Missed.ONCE));
        schedules.add(schedule("skip", due, Missed.SKIP));
      }
      killed.kill();
      assertThat(Instant.now()).isBefore(due);
    }
    Eventually.at(due.plus(QuartzStore.MISSED_AFTER).plusSeconds(1));
    try (ScheduleService next = ScheduleService.start(opened);
        Database database = opened.again();
        Schedules schedules = new Schedules(database, queue(database))) {
      List<Schedule> all =
          Eventually.get(
              schedules::all,
              two -> two.stream().allMatch(one -> one.next().isAfter(Instant.now())));
      assertThat(all).extracting(Schedule::name).containsExactly("once", "skip");
      Eventually.holds(() -> schedules.all().get(0).previous() != null);
      Schedule once = schedules.all().get(0);
      assertThat(once.previous()).as("the time itself, not when it was made up for").isEqualTo(due);
      assertThat(schedules.all().get(1).previous()).isNull();

      List<QueuedRun> runs = queue(database).all();
      assertThat(runs)
          .extracting(QueuedRun::name)
          .containsExactly("once-" + due.atZone(VIENNA).toLocalDate());
      assertThat(runs.get(0).number()).isEqualTo(once.queued());

      // Both are due as ever.
      next.kill();
    }
    try (ScheduleService third = ScheduleService.start(opened);
        Database database = opened.again();
        Schedules schedules = new Schedules(database, queue(database))) {
      Instant again = Instant.now().plusSeconds(4).truncatedTo(ChronoUnit.SECONDS);
      schedules.add(schedule("after", again, Missed.SKIP));
      Eventually.holds(() -> schedules.all().get(0).previous() != null);
      assertThat(queue(database).all())
          .extracting(run -> run.name().replaceFirst("-.*", ""))
          .containsExactly("after", "once");
      third.kill();
    }
  }

  /**
   * Quartz notes that a time has come before it is submitted. The submission waits for the queue's
   * table here, and its service dies meanwhile.
   */
  @Test
  void aTimeWhoseServiceDiesOverItIsSubmittedByAnother() throws Exception {
    Databases.Opened opened = Databases.POSTGRESQL.open(folder);
    Instant due;
    try (ScheduleService killed = ScheduleService.start(opened);
        Database database = opened.again();
        Connection connection = database.dataSource().getConnection()) {
      try (Schedules schedules = new Schedules(database, queue(database))) {
        due = Instant.now().plusSeconds(5).truncatedTo(ChronoUnit.SECONDS);
        schedules.add(schedule("nightly", due, Missed.SKIP));
      }
      connection.setAutoCommit(false);
      Rows.change(connection, "LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
      Eventually.holds(
          () ->
              database.transaction(
                  other ->
                      !Rows.of(
                              other,
                              "SELECT entry_id FROM qrtz_fired_triggers WHERE state = 'EXECUTING'",
                              row -> row.getString(1))
                          .isEmpty()));
      killed.kill();
      connection.rollback();
      assertThat(queue(database).all()).isEmpty();
    }
    try (ScheduleService next = ScheduleService.start(opened);
        Database database = opened.again();
        Schedules schedules = new Schedules(database, queue(database))) {
      Eventually.holds(() -> schedules.all().get(0).previous() != null);
      Schedule nightly = schedules.all().get(0);
      assertThat(nightly.failure()).isNull();
      assertThat(nightly.previous()).isEqualTo(due);
      assertThat(queue(database).all())
          .extracting(QueuedRun::name)
          .containsExactly("nightly-" + due.atZone(VIENNA).toLocalDate());
      next.kill();
    }
  }
}
