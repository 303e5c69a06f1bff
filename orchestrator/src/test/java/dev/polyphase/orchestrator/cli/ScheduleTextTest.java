package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.schedule.Schedule;
import dev.polyphase.orchestrator.schedule.Schedule.Missed;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ScheduleTextTest {
  private static Schedule schedule(
      String name, boolean paused, @Nullable Long queued, @Nullable String failure) {
    return new Schedule(
        name,
        Path.of("/pipelines/nightly.yaml"),
        "0 0 22 * * ?",
        ZoneId.of("Europe/Vienna"),
        Missed.ONCE,
        List.of(),
        null,
        0,
        null,
        paused,
        Instant.parse("2026-10-24T20:00:00Z"),
        paused ? null : Instant.parse("2026-10-25T21:00:00Z"),
        queued,
        failure);
  }

  /** The clock is put back in the night between the two times. */
  @Test
  void showsTimesByTheClockOfTheScheduleAndWhatFailed() {
    assertThat(
            ScheduleText.table(
                List.of(
                    schedule("fails", false, null, "p.yaml: there is no such file"),
                    schedule("rests", true, 17L, null))))
        .isEqualTo(
            """
            name           cron      time zone  missed                            next                            last     run
            fails  0 0 22 * * ?  Europe/Vienna    once  Sun 2026-10-25 22:00:00 +01:00  Sat 2026-10-24 22:00:00 +02:00  failed
            rests  0 0 22 * * ?  Europe/Vienna    once                          paused  Sat 2026-10-24 22:00:00 +02:00      17
            fails: nothing was submitted for Sat 2026-10-24 22:00:00 +02:00: p.yaml: there is no such file
            """);
  }
}
