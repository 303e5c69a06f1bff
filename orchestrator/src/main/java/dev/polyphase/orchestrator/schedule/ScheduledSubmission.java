package dev.polyphase.orchestrator.schedule;

import java.time.Instant;
import org.quartz.Job;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;

/** What Quartz does when a schedule is due. The database holds the name of this class. */
final class ScheduledSubmission implements Job {
  private final Schedules schedules;

  ScheduledSubmission(Schedules schedules) {
    this.schedules = schedules;
  }

  @Override
  public void execute(JobExecutionContext context) {
    schedules.submit(StoredSchedule.of(context.getJobDetail()), timeOf(context));
  }

  /** Where a service died over it, the time that it was at, not the one at which that was found. */
  private static Instant timeOf(JobExecutionContext context) {
    return context.isRecovering()
        ? Instant.ofEpochMilli(
            context
                .getTrigger()
                .getJobDataMap()
                .getLongValueFromString(
                    Scheduler.FAILED_JOB_ORIGINAL_TRIGGER_SCHEDULED_FIRETIME_IN_MILLISECONDS))
        : context.getScheduledFireTime().toInstant();
  }
}
