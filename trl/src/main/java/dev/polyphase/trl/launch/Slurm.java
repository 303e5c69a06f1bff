package dev.polyphase.trl.launch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Slurm's programs, asked. */
record Slurm(Programs programs) {
  private static final String REMEDY =
      "run on a machine from which jobs are submitted to Slurm, or choose another engine.launch";

  /** With what {@code sbatch --parsable} answers: the number, and the cluster's name. */
  private static final Pattern SUBMITTED = Pattern.compile("(?m)^([0-9]+)(?:;(\\S+))?\\s*$");

  private static final Pattern STATE = Pattern.compile("\\bJobState=(\\S+)");

  private static final Set<String> QUEUED =
      Set.of(
          "PENDING",
          "CONFIGURING",
          "REQUEUED",
          "REQUEUE_FED",
          "REQUEUE_HOLD",
          "RESV_DEL_HOLD",
          "SPECIAL_EXIT");

  private static final Set<String> RUNNING =
      Set.of("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT");

  private static final Set<String> ENDED =
      Set.of(
          "COMPLETED",
          "CANCELLED",
          "FAILED",
          "TIMEOUT",
          "NODE_FAIL",
          "PREEMPTED",
          "OUT_OF_MEMORY",
          "BOOT_FAIL",
          "DEADLINE",
          "LAUNCH_FAILED",
          "RECONFIG_FAIL",
          "REVOKED");

  /**
   * A job that was looked for by its name.
   *
   * @param otherwise what has become of it where it was not found
   */
  record Found(Optional<SlurmJob.Id> number, JobState otherwise) {}

  /** Refuses a machine that lacks one. */
  void needPrograms() {
    List.of("sbatch", "scontrol", "squeue", "scancel").forEach(this::program);
  }

  private String program(String name) {
    return programs.need(name, REMEDY).toString();
  }

  /** Queues a script. */
  SlurmJob.Id submit(Path folder, Path script) throws IOException {
    Programs.Answer answer =
        run(folder, "sbatch", "--parsable", "--chdir", folder.toString(), script.toString());
    Matcher number = SUBMITTED.matcher(answer.output());
    if (!number.find()) {
      throw new IOException(
          "%s did not answer with a job's number; see squeue for what it queued"
              .formatted(answer.command()));
    }
    return new SlurmJob.Id(number.group(1), Optional.ofNullable(number.group(2)));
  }

  /** The job of a name among those that wait or run. */
  Found find(String name) throws IOException {
    Optional<Programs.Answer> answer =
        ask("squeue", "--noheader", "--name", name, "--format", "%i").filter(a -> a.code() == 0);
    if (answer.isEmpty()) {
      return new Found(Optional.empty(), JobState.UNKNOWN);
    }
    Optional<SlurmJob.Id> number =
        answer
            .get()
            .out()
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .findFirst()
            .map(job -> new SlurmJob.Id(job, Optional.empty()));
    return new Found(number, JobState.ENDED);
  }

  /** What has become of a job. */
  JobState state(SlurmJob.Id job) throws IOException {
    Optional<Programs.Answer> answer = ask("scontrol", of(job, "show", "job", "-o", job.job()));
    if (answer.filter(a -> a.code() != 0 && a.err().contains("Invalid job id")).isPresent()) {
      // Slurm forgets a job some minutes after its end.
      return JobState.ENDED;
    }
    Matcher state = STATE.matcher(answer.map(Programs.Answer::out).orElse(""));
    return state.find() ? state(List.of(state.group(1).split("[,+]", -1))) : JobState.UNKNOWN;
  }

  /**
   * Of several words the one that lasts longest counts: a job that completes still has processes.
   */
  private static JobState state(List<String> words) {
    if (words.stream().anyMatch(RUNNING::contains)) {
      return JobState.RUNNING;
    }
    if (words.stream().anyMatch(QUEUED::contains)) {
      return JobState.QUEUED;
    }
    return words.stream().anyMatch(ENDED::contains) ? JobState.ENDED : JobState.UNKNOWN;
  }

  Programs.Answer cancel(SlurmJob.Id job) throws IOException {
    return run(Programs.here(), "scancel", of(job, job.job()));
  }

  /** Arguments about a job, with its cluster where there are several. */
  private static String[] of(SlurmJob.Id job, String... arguments) {
    List<String> all = new ArrayList<>();
    job.cluster().ifPresent(cluster -> all.addAll(List.of("-M", cluster)));
    all.addAll(List.of(arguments));
    return all.toArray(String[]::new);
  }

  /** Asks what may be asked again; empty where there is no answer in time. */
  private Optional<Programs.Answer> ask(String name, String... arguments) throws IOException {
    try {
      return Optional.of(run(Programs.here(), name, arguments));
    } catch (Programs.NoAnswerException e) {
      return Optional.empty();
    }
  }

  private Programs.Answer run(Path folder, String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program(name));
    command.addAll(List.of(arguments));
    return programs.run(Programs.SOON, folder, command);
  }
}
