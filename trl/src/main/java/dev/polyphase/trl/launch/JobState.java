package dev.polyphase.trl.launch;

/** What has become of a job, as far as whoever started it can tell. */
public enum JobState {
  /** It waits for machines; also one that Slurm has queued again. */
  QUEUED(false),
  /** It runs, or is being ended. */
  RUNNING(false),
  /**
   * It does not run any more and won't by itself. Local workers may have outlived their parent: the
   * next launch ends them first, and so does {@link Job#cancel}.
   */
  ENDED(true),
  /**
   * The user's command has returned and said that all went well: whether the job still runs, its
   * heartbeat and its outcome tell.
   */
  HANDED_OVER(true),
  /** It could not be found out just now, and may be later: Slurm does not answer. */
  UNKNOWN(false);

  private final boolean outcomeIsFinal;

  JobState(boolean outcomeIsFinal) {
    this.outcomeIsFinal = outcomeIsFinal;
  }

  /**
   * Whether an {@code outcome.json} that says {@code stopped}, read after this was found out, is
   * the last word. A job that Slurm stops for its time limit writes one, takes it back and queues
   * itself again, and never is {@link #ENDED} meanwhile: ask for the state first, then read.
   */
  public boolean outcomeIsFinal() {
    return outcomeIsFinal;
  }
}
