package dev.polyphase.orchestrator.schedule;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Rows;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.ScheduleResults.Result;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.quartz.JobDetail;
import org.quartz.JobKey;
import org.quartz.ObjectAlreadyExistsException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.Trigger.TriggerState;
import org.quartz.impl.matchers.GroupMatcher;

/** All schedules, kept by Quartz in the database; they submit only between start and close. */
public final class Schedules implements AutoCloseable {
  /** How long a submission may take that has begun when the service ends. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Duration LOOK = Duration.ofMillis(20);

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final Pattern DEVICE = Pattern.compile("cpu|cuda(:[0-9]{1,3})?");

  private final Database database;
  private final RunQueue queue;
  private final ScheduleResults results;
  private final Scheduler scheduler;

  /** The schedules in a database, which submit to a queue. */
  public Schedules(Database database, RunQueue queue) {
    this.database = database;
    this.queue = queue;
    this.results = new ScheduleResults(database);
    this.scheduler =
        asked(
            () -> {
              Scheduler opened = QuartzStore.open(database.dataSource());
              opened.setJobFactory((bundle, of) -> new ScheduledSubmission(this));
              return opened;
            });
  }

  /** Begins to submit; of several services on one database one submits each time. */
  public void start() {
    asked(
        () -> {
          scheduler.start();
          return true;
        });
  }

  /** Whether a service submits them, this one or another. */
  public boolean served() {
    return database.transaction(
        connection ->
            !Rows.of(
                    connection,
                    "SELECT instance_name FROM qrtz_scheduler_state"
                        + " WHERE sched_name = ? AND last_checkin_time + checkin_interval > ?",
                    row -> row.getString(1),
                    QuartzStore.NAME,
                    Instant.now().minus(QuartzStore.SILENCE).toEpochMilli())
                .isEmpty());
  }

  // ---- what there is

  /**
   * Adds one; its {@code paused}, {@code previous}, {@code next}, {@code queued} and {@code
   * failure} don't count.
   *
   * @throws InputException where it is wrong or its name is taken
   */
  public Schedule add(Schedule schedule) throws IOException {
    StoredSchedule added = stored(schedule);
    requireRight(added);
    return asked(
        () -> {
          try {
            scheduler.scheduleJob(added.job(), added.trigger());
          } catch (ObjectAlreadyExistsException e) {
            throw new InputException(
                "there is a schedule %s already; remove it, or choose another name"
                    .formatted(schedule.name()));
          }
          results.forget(schedule.name()); // of one that had its name, and was removed meanwhile
          return get(schedule.name());
        });
  }

  private static StoredSchedule stored(Schedule schedule) {
    Path output = schedule.output();
    Schedule absolute =
        Schedule.of(
            schedule.name(),
            schedule.pipeline().toAbsolutePath().normalize(),
            schedule.cron(),
            schedule.timezone(),
            schedule.missed(),
            schedule.sets(),
            output == null ? null : output.toAbsolutePath().normalize(),
            schedule.priority(),
            schedule.device());
    return new StoredSchedule(absolute, Path.of("").toAbsolutePath());
  }

  private static void requireRight(StoredSchedule added) throws IOException {
    Schedule schedule = added.schedule();
    if (!NAME.matcher(schedule.name()).matches()) {
      throw new InputException(
          "the schedule's name is %s; give up to 100 letters, digits, '.', '_' and '-' that begin"
                  .formatted(schedule.name())
              + " with a letter or digit");
    }
    String device = schedule.device();
    if (device != null && !DEVICE.matcher(device).matches()) {
      throw new InputException("the device is %s; give cpu, cuda or cuda:N".formatted(device));
    }
    Instant now = Instant.now();
    Optional<Instant> next = added.cron().next(now);
    if (next.isEmpty()) {
      throw new InputException(
          "the times of \"%s\" have all passed; give one of times to come"
              .formatted(schedule.cron()));
    }
    added.pipeline(next.get());
  }

  /**
   * The next times of a schedule, added or not, and the runs that they make.
   *
   * @throws InputException where its expression or its pipeline is wrong
   */
  public static List<Upcoming> upcoming(Schedule schedule, int count) throws IOException {
    StoredSchedule stored = stored(schedule);
    List<Upcoming> upcoming = new ArrayList<>();
    for (Instant time : stored.cron().next(Instant.now(), count)) {
      Pipeline pipeline = stored.pipeline(time);
      upcoming.add(new Upcoming(time, stored.runs(pipeline).resolve(pipeline.name())));
    }
    return upcoming;
  }

  /**
   * A time to come.
   *
   * @param run the folder of the run that is submitted then, as the pipeline is now
   */
  public record Upcoming(Instant time, Path run) {}

  /** All, by name. */
  public List<Schedule> all() {
    return asked(
        () -> {
          Map<String, Result> known = results.all();
          List<Schedule> all = new ArrayList<>();
          for (JobKey key :
              scheduler.getJobKeys(GroupMatcher.jobGroupEquals(StoredSchedule.GROUP))) {
            JobDetail job = scheduler.getJobDetail(key);
            if (job != null) { // not removed meanwhile
              all.add(with(job, Optional.ofNullable(known.get(key.getName()))));
            }
          }
          all.sort(Comparator.comparing(Schedule::name));
          return all;
        });
  }

  /**
   * The one of a name.
   *
   * @throws InputException where there is none
   */
  public Schedule find(String name) {
    return asked(() -> get(name));
  }

  private Schedule get(String name) throws SchedulerException {
    return with(job(name), results.of(name));
  }

  private Schedule with(JobDetail job, Optional<Result> result) throws SchedulerException {
    Trigger trigger = scheduler.getTrigger(StoredSchedule.triggerKey(job.getKey().getName()));
    boolean paused =
        trigger != null && scheduler.getTriggerState(trigger.getKey()) == TriggerState.PAUSED;
    Instant next =
        trigger == null || trigger.getNextFireTime() == null
            ? null
            : trigger.getNextFireTime().toInstant();
    return StoredSchedule.of(job).with(paused, next, result);
  }

  private JobDetail job(String name) throws SchedulerException {
    JobDetail job = scheduler.getJobDetail(StoredSchedule.jobKey(name));
    if (job == null) {
      throw new InputException(
          "there is no schedule %s; `polyphase schedule list` names all".formatted(name));
    }
    return job;
  }

  // ---- what is done with one

  /** Lets one rest. */
  public Schedule pause(String name) {
    return asked(
        () -> {
          job(name);
          scheduler.pauseTrigger(StoredSchedule.triggerKey(name));
          return get(name);
        });
  }

  /** Ends its rest; the times that passed while it rested were not missed. */
  public Schedule resume(String name) {
    return asked(
        () -> {
          Schedule schedule = get(name);
          if (schedule.paused()) {
            // With its old trigger Quartz would make up for the times that have passed.
            scheduler.rescheduleJob(
                StoredSchedule.triggerKey(name), StoredSchedule.of(job(name)).trigger());
          }
          return get(name);
        });
  }

  /** Forgets one; what it submitted stays. */
  public void remove(String name) {
    asked(
        () -> {
          scheduler.deleteJob(job(name).getKey());
          results.forget(name);
          return true;
        });
  }

  /** Submits its pipeline now, as it would by the clock. */
  public QueuedRun runNow(String name) throws IOException {
    StoredSchedule schedule = StoredSchedule.of(asked(() -> job(name)));
    Instant now = Instant.now();
    QueuedRun queued = queue.submit(schedule.submission(now, null));
    results.keep(name, Result.submitted(now, queued.number()));
    return queued;
  }

  // ---- what the clock does

  /**
   * Submits for a time. What goes wrong is kept: nobody looks on.
   *
   * @param at the time, or one shortly after, at which it was found that it had been missed
   */
  void submit(StoredSchedule stored, Instant at) {
    String name = stored.schedule().name();
    // A run that is made up for in the morning is that of the night.
    Instant due = stored.cron().latest(at).orElse(at);
    try {
      QueuedRun queued =
          queue.submit(stored.submission(due, "schedule:%s:%s".formatted(name, due)));
      results.keep(name, Result.submitted(due, queued.number()));
    } catch (IOException | RuntimeException e) {
      results.keep(name, Result.failed(due, sentence(e)));
    }
  }

  private static String sentence(Exception e) {
    String message = e.getMessage();
    if (e instanceof InputException || e instanceof OperationFailedException) {
      return String.valueOf(message);
    }
    return "the pipeline can't be submitted: " + (message == null ? e.getClass() : message);
  }

  /** Something asked of Quartz. */
  private interface Question<T> {
    T ask() throws SchedulerException;
  }

  private static <T> T asked(Question<T> question) {
    try {
      return question.ask();
    } catch (SchedulerException e) {
      throw new OperationFailedException(
          "the database of schedules can't be used: %s; is it there, and is there room?"
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * Submits nothing more. A submission that has begun is ended, unless the database keeps it
   * waiting for long: it is then made at the next start.
   */
  @Override
  public void close() {
    asked(
        () -> {
          String id = scheduler.getSchedulerInstanceId();
          scheduler.standby();
          long until = System.nanoTime() + PATIENCE.toNanos();
          while (!scheduler.getCurrentlyExecutingJobs().isEmpty()
              && System.nanoTime() - until < 0) {
            LockSupport.parkNanos(LOOK.toNanos());
          }
          // Not to be waited for: its threads try again and again while there is no database.
          scheduler.shutdown(false);
          leave(id);
          return true;
        });
  }

  /** Nobody need wait for this service's silence to know that it has ended. */
  private void leave(String id) {
    database.transaction(
        connection ->
            Rows.change(
                connection,
                "DELETE FROM qrtz_scheduler_state WHERE sched_name = ? AND instance_name = ?",
                QuartzStore.NAME,
                id));
  }
}
