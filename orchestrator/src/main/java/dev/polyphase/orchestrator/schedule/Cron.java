package dev.polyphase.orchestrator.schedule;

import dev.polyphase.pipelines.problems.InputException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.quartz.CronExpression;

/** The times of a schedule: an expression as Quartz writes it, by the clock of a time zone. */
public final class Cron {
  /** What the database has room for. */
  private static final int LONGEST = 250;

  /** Quartz knows no years beyond; nor does anyone miss a time for so long. */
  private static final Duration LONGEST_AGO = Duration.ofDays(366 * 100L);

  private static final List<String> WEEKDAYS =
      List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN");
  private static final Pattern WEEKDAY = Pattern.compile("(?<![0-9/])[0-7](?![0-9])");

  private final CronExpression expression;

  private Cron(CronExpression expression) {
    this.expression = expression;
  }

  /**
   * The times that an expression means.
   *
   * @throws InputException where it is none, with one that may have been meant
   */
  public static Cron of(String text, ZoneId zone) {
    try {
      CronExpression expression = new CronExpression(text);
      expression.setTimeZone(TimeZone.getTimeZone(zone));
      if (text.length() <= LONGEST) {
        return new Cron(expression);
      }
    } catch (ParseException e) {
      throw new InputException(wrong(text, e));
    }
    throw new InputException(
        "the cron expression has more than %d characters; write a shorter one".formatted(LONGEST));
  }

  private static String wrong(String text, ParseException e) {
    String[] fields = text.strip().split("\\s+");
    String meant = meant(fields);
    if (meant != null) {
      return fields.length == 5
          ? "the cron expression \"%s\" has five fields, and Quartz has seconds first; write \"%s\""
              .formatted(text, meant)
          : "the cron expression \"%s\" gives days of the month and of the week, of which one must"
                  .formatted(text)
              + " be ?; write \"%s\"".formatted(meant);
    }
    return "\"%s\" is no cron expression%s; write second, minute, hour, day of the month, month"
            .formatted(text, reason(e))
        + " and day of the week, as \"0 0 22 * * ?\"";
  }

  /** Some of Quartz's reasons are names of exceptions. */
  private static String reason(ParseException e) {
    String reason = String.valueOf(e.getMessage());
    return reason.contains("java.") ? "" : " (" + reason.replaceAll("\\.$", "") + ")";
  }

  /** What somebody meant who writes crontabs; null where that is hard to say. */
  private static @Nullable String meant(String[] fields) {
    List<String> all = new ArrayList<>(List.of(fields));
    if (all.size() == 5) {
      all.add(0, "0");
      // Cron's Sunday is 0 or 7, Quartz's is 1
      String weekday = WEEKDAY.matcher(all.get(5)).replaceAll(day -> nameOf(day.group()));
      all.set(5, weekday);
    }
    if (all.size() < 6) {
      return null;
    }
    if (all.get(5).equals("*")) {
      all.set(5, "?");
    } else if (all.get(3).equals("*")) {
      all.set(3, "?");
    }
    String meant = String.join(" ", all);
    return CronExpression.isValidExpression(meant) ? meant : null;
  }

  private static String nameOf(String day) {
    return WEEKDAYS.get(Integer.parseInt(day));
  }

  /** The first time after another; nothing where there is none any more. */
  public Optional<Instant> next(Instant after) {
    return Optional.ofNullable(expression.getNextValidTimeAfter(Date.from(after)))
        .map(Date::toInstant);
  }

  /** The first times after another; fewer where there are no more. */
  public List<Instant> next(Instant after, int count) {
    List<Instant> times = new ArrayList<>();
    Optional<Instant> next = next(after);
    while (next.isPresent() && times.size() < count) {
      times.add(next.get());
      next = next(next.get());
    }
    return times;
  }

  /** The last time that is not after another; nothing where there was none. */
  public Optional<Instant> latest(Instant until) {
    Duration ago = Duration.ofSeconds(1);
    Optional<Instant> latest = Optional.empty();
    while (latest.isEmpty() && ago.compareTo(LONGEST_AGO) < 0) {
      latest = notAfter(until, next(until.minus(ago)));
      ago = ago.multipliedBy(2);
    }
    Optional<Instant> later = latest;
    while (later.isPresent()) {
      latest = later;
      later = notAfter(until, next(later.get()));
    }
    return latest;
  }

  private static Optional<Instant> notAfter(Instant until, Optional<Instant> time) {
    return time.filter(found -> !found.isAfter(until));
  }
}
