package dev.polyphase.orchestrator.schedule;

import dev.polyphase.orchestrator.queue.Submission;
import dev.polyphase.orchestrator.schedule.Schedule.Missed;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.quartz.CronScheduleBuilder;
import org.quartz.CronTrigger;
import org.quartz.JobBuilder;
import org.quartz.JobDataMap;
import org.quartz.JobDetail;
import org.quartz.JobKey;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;

/**
 * A schedule as Quartz keeps it: a job, whose data says all that the user said, and a trigger.
 *
 * @param folder the folder that it was made in, which {@code output_dir} is relative to
 */
record StoredSchedule(Schedule schedule, Path folder) {
  /** The group of all jobs and triggers that are schedules. */
  static final String GROUP = "schedules";

  static JobKey jobKey(String name) {
    return JobKey.jobKey(name, GROUP);
  }

  static TriggerKey triggerKey(String name) {
    return TriggerKey.triggerKey(name, GROUP);
  }

  // ---- to and from Quartz

  /** What a job's data say. */
  static StoredSchedule of(JobDetail job) {
    JobDataMap data = job.getJobDataMap();
    List<String> sets = new ArrayList<>();
    for (int i = 0; data.containsKey("set." + i); i++) {
      sets.add(data.getString("set." + i));
    }
    return new StoredSchedule(
        Schedule.of(
            job.getKey().getName(),
            Path.of(data.getString("pipeline")),
            data.getString("cron"),
            ZoneId.of(data.getString("timezone")),
            Missed.valueOf(data.getString("missed")),
            sets,
            data.containsKey("output") ? Path.of(data.getString("output")) : null,
            Integer.parseInt(data.getString("priority")),
            data.containsKey("device") ? data.getString("device") : null),
        Path.of(data.getString("folder")));
  }

  /** A job that outlives its last time, and is done again where a service dies over it. */
  JobDetail job() {
    JobBuilder job =
        JobBuilder.newJob(ScheduledSubmission.class)
            .withIdentity(jobKey(schedule.name()))
            .storeDurably()
            .requestRecovery()
            .usingJobData("pipeline", schedule.pipeline().toString())
            .usingJobData("folder", folder.toString())
            .usingJobData("cron", schedule.cron())
            .usingJobData("timezone", schedule.timezone().getId())
            .usingJobData("missed", schedule.missed().name())
            .usingJobData("priority", Integer.toString(schedule.priority()));
    Path output = schedule.output();
    if (output != null) {
      job.usingJobData("output", output.toString());
    }
    String device = schedule.device();
    if (device != null) {
      job.usingJobData("device", device);
    }
    for (int i = 0; i < schedule.sets().size(); i++) {
      job.usingJobData("set." + i, schedule.sets().get(i));
    }
    return job.build();
  }

  /** A trigger for the times after now. */
  CronTrigger trigger() {
    CronScheduleBuilder times =
        CronScheduleBuilder.cronSchedule(schedule.cron())
            .inTimeZone(TimeZone.getTimeZone(schedule.timezone()));
    return TriggerBuilder.newTrigger()
        .withIdentity(triggerKey(schedule.name()))
        .forJob(jobKey(schedule.name()))
        // Quartz rounds down to seconds, and takes the one that it starts at.
        .startAt(Date.from(Instant.now().plusSeconds(1)))
        .withSchedule(
            schedule.missed() == Missed.ONCE
                ? times.withMisfireHandlingInstructionFireAndProceed()
                : times.withMisfireHandlingInstructionDoNothing())
        .build();
  }

  /** The schedule with what has become of it. */
  Schedule with(boolean paused, @Nullable Instant next, Optional<ScheduleResults.Result> result) {
    return new Schedule(
        schedule.name(),
        schedule.pipeline(),
        schedule.cron(),
        schedule.timezone(),
        schedule.missed(),
        schedule.sets(),
        schedule.output(),
        schedule.priority(),
        schedule.device(),
        paused,
        result.map(ScheduleResults.Result::due).orElse(null),
        paused ? null : next,
        result.map(ScheduleResults.Result::queued).orElse(null),
        result.map(ScheduleResults.Result::failure).orElse(null));
  }

  // ---- what it means

  Cron cron() {
    return Cron.of(schedule.cron(), schedule.timezone());
  }

  /** The pipeline as it is now, with the day of a time. */
  Pipeline pipeline(Instant time) throws IOException {
    LocalDate day = time.atZone(schedule.timezone()).toLocalDate();
    return PipelineReader.read(schedule.pipeline(), schedule.sets(), day);
  }

  /** The folder of runs of a pipeline. */
  Path runs(Pipeline pipeline) {
    Path output = schedule.output();
    return output == null ? folder.resolve(pipeline.outputDir()).normalize() : output;
  }

  /**
   * What is submitted for a time.
   *
   * @param key by which it is submitted once
   */
  Submission submission(Instant time, @Nullable String key) throws IOException {
    Pipeline pipeline = pipeline(time);
    List<String> sets = new ArrayList<>(schedule.sets());
    // The run may begin on another day than the one that it is named after.
    sets.add("name=\"" + pipeline.name() + "\"");
    return new Submission(
        schedule.pipeline(),
        sets,
        runs(pipeline),
        null,
        schedule.priority(),
        schedule.device(),
        key);
  }
}
