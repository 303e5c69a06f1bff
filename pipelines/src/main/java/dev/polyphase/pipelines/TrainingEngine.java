package dev.polyphase.pipelines;

import java.util.List;
import java.util.Optional;

/**
 * What trains a phase in place of the embedded trainer: another engine, whose processes may be many
 * and on several machines.
 *
 * @param type which engine
 * @param python the Python that has the engine's packages; empty for the one that is found
 * @param nodes how many machines
 * @param processesPerNode how many processes on each of them, one for each GPU
 * @param launch how the processes are started
 * @param cancel the command that ends what a {@link Launch.Command} started; empty elsewhere
 * @param checkpointSteps optimiser steps between two checkpoints of the engine
 * @param heartbeatTimeout the seconds without a sign of life after which it counts as lost, above 0
 * @param retries how often in a row it is started again without having got any further
 */
public record TrainingEngine(
    @Key(
            means =
                "`embedded`, for the trainer that is built in, beside which the other keys have no"
                    + " effect; or `trl`, for TRL's trainers on FSDP2")
        Type type,
    @Key(
            means =
                "the Python with the engine's packages; that of `POLYPHASE_PYTHON` otherwise, or"
                    + " `python3` on the path",
            wanted = "a program, as /venv/bin/python")
        Optional<String> python,
    @Key(means = "how many machines", absent = "1", from = 1, to = 4096) int nodes,
    @Key(means = "how many processes on each, one for each GPU", absent = "1", from = 1, to = 4096)
        int processesPerNode,
    @Key(
            means =
                "how the processes are started: `local` on this machine, `slurm` by sbatch, or a"
                    + " command of one's own with `{driver}` and `{job}`, and with `{nodes}`,"
                    + " `{per_node}` and `{python}` where it needs them",
            absent = "local",
            pattern = "(?=[\\s\\S]*\\{driver\\})(?=[\\s\\S]*\\{job\\})[\\s\\S]*",
            wanted = "local, slurm or a command with {driver} and {job}")
        Launch launch,
    @Key(
            means = "ends what a command of one's own started, and may hold `{job}`",
            wanted = "a command, which may hold {job}")
        Optional<String> cancel,
    @Key(
            means = "optimiser steps between two checkpoints of the engine",
            absent = "100",
            from = 1,
            to = Key.STEPS)
        int checkpointSteps,
    @Key(
            means = "seconds without a sign of life after which it is cancelled and started again",
            absent = "1800",
            above = 0,
            to = 1_000_000)
        double heartbeatTimeout,
    @Key(
            means = "how often in a row it is started again without having got any further",
            absent = "2",
            from = 0,
            to = 1000)
        int retries) {

  /** How many processes train together. */
  public int worldSize() {
    return nodes * processesPerNode;
  }

  /** The engines. */
  public enum Type {
    /** The trainer that is built in. */
    EMBEDDED,
    /** TRL's and transformers' trainers on accelerate with FSDP2. */
    TRL
  }

  /** How the processes of an engine are started. */
  public sealed interface Launch {
    /** On this machine. */
    record Local() implements Launch {}

    /** As a job of Slurm. */
    record Slurm() implements Launch {}

    /**
     * By a command of one's own.
     *
     * @param line the command, with {@code {driver}}, {@code {job}} and others of the {@link
     *     #PLACEHOLDERS}
     */
    record Command(String line) implements Launch {
      /** What stands for something in a command: no other word in braces is in it. */
      public static final List<String> PLACEHOLDERS =
          List.of("{driver}", "{job}", "{nodes}", "{per_node}", "{python}");
    }
  }
}
