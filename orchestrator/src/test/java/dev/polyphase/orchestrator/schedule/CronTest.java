package dev.polyphase.orchestrator.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.problems.InputException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTest {
  private static final ZoneId VIENNA = ZoneId.of("Europe/Vienna");
  private static final Instant BEFORE_SPRING = Instant.parse("2026-03-28T12:00:00Z");
  private static final Instant BEFORE_AUTUMN = Instant.parse("2026-10-24T12:00:00Z");

  /** In March the clock goes from 2 to 3, in October from 3 to 2. */
  @Test
  void tenInTheEveningIsTenByTheClockOnTheWall() {
    assertThat(times("0 0 22 * * ?", BEFORE_SPRING, 3))
        .containsExactly("2026-03-28T21:00:00Z", "2026-03-29T20:00:00Z", "2026-03-30T20:00:00Z");
    assertThat(times("0 0 22 * * ?", BEFORE_AUTUMN, 3))
        .containsExactly("2026-10-24T20:00:00Z", "2026-10-25T21:00:00Z", "2026-10-26T21:00:00Z");
  }

  @Test
  void aTimeThatTheClockLeavesOutPasses() {
    assertThat(times("0 30 2 * * ?", BEFORE_SPRING, 2))
        .containsExactly("2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z");
  }

  @Test
  void aTimeThatComesTwiceIsDueOnce() {
    assertThat(times("0 30 2 * * ?", BEFORE_AUTUMN, 2))
        .containsExactly("2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z");
  }

  private static List<String> times(String expression, Instant after, int count) {
    return Cron.of(expression, VIENNA).next(after, count).stream().map(Instant::toString).toList();
  }

  /** Against the times in order, which are found the other way round. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "* * * * * ?",
        "0 0 22 * * ?",
        "0 30 2 * * ?",
        "0 0/7 1-4 * * ?",
        "0-20 * 3 ? * SUN",
        "0 0 12 1 1 ?"
      })
  void theLatestTimeIsTheOneBeforeTheNext(String expression) {
    Cron cron = Cron.of(expression, VIENNA);
    for (Instant from : List.of(BEFORE_SPRING, BEFORE_AUTUMN)) {
      List<Instant> times = cron.next(from, 40);
      for (int i = 1; i < times.size(); i++) {
        Instant earlier = times.get(i - 1);
        assertThat(cron.latest(times.get(i).minusMillis(1))).contains(earlier);
        assertThat(cron.latest(earlier)).contains(earlier);
        assertThat(cron.latest(earlier.plusMillis(999))).contains(earlier);
      }
    }
  }

  @Test
  void timesEnd() {
    Cron cron = Cron.of("0 0 22 24 12 ? 2026", VIENNA);
    Instant only = ZonedDateTime.of(LocalDateTime.parse("2026-12-24T22:00"), VIENNA).toInstant();
    assertThat(cron.next(BEFORE_SPRING, 3)).containsExactly(only);
    assertThat(cron.latest(Instant.parse("2031-01-01T00:00:00Z"))).contains(only);
    assertThat(cron.latest(only.minusMillis(1))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "30 22 * * * | 0 30 22 * * ?",
        "*/5 * * * * | 0 */5 * * * ?",
        "0 3 1 * * | 0 0 3 1 * ?",
        "0 22 * * 1-5 | 0 0 22 ? * MON-FRI",
        "0 22 * * 0,7 | 0 0 22 ? * SUN,SUN",
        "0 22 * * 5-7 | 0 0 22 ? * FRI-SUN",
        "0 22 * * MON | 0 0 22 ? * MON"
      })
  void saysWhatACrontabMeans(String crontab, String quartz) {
    assertThatThrownBy(() -> Cron.of(crontab, VIENNA))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "the cron expression \"%s\" has five fields, and Quartz has seconds first; write \"%s\""
                .formatted(crontab, quartz));
  }

  @Test
  void saysThatOneOfTwoDaysMustBeOpen() {
    assertThatThrownBy(() -> Cron.of("0 0 22 * * *", VIENNA))
        .hasMessage(
            "the cron expression \"0 0 22 * * *\" gives days of the month and of the week, of which"
                + " one must be ?; write \"0 0 22 * * ?\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x | \"x\" is no cron expression; write second",
        "'' | \"\" is no cron expression (Unexpected end of expression); write second",
        "0 3 1 * 1 | \"0 3 1 * 1\" is no cron expression (Unexpected end of expression); write",
        "0 0 25 * * ? | is no cron expression (Hour values must be between 0 and 23); write second",
      })
  void saysWhatIsWrong(String expression, String sentence) {
    assertThatThrownBy(() -> Cron.of(expression, VIENNA))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(sentence)
        .hasMessageEndingWith("as \"0 0 22 * * ?\"");
  }
}
