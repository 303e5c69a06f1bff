package dev.polyphase.trl.launch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A way to start the job of an engine folder, in which {@code driver.py} and what it reads are
 * there already.
 */
public sealed interface Launcher permits LocalLauncher, SlurmLauncher, CommandLauncher {

  /**
   * Starts the job, and returns when it is started or queued. It outlives this process: a later one
   * finds it by {@link Job#read}.
   *
   * <p>What an earlier attempt left goes first: its processes and its place in the queue (but not
   * what a user's command has handed over: {@link Job#cancel} ends that), its {@code outcome.json},
   * and a {@code stop} file that was not Polyphase's own, which is one that is not empty.
   *
   * @param engineFolder the folder {@code engine/} of a phase
   * @param attempt its number, from 1
   * @throws dev.polyphase.pipelines.problems.InputException where a program is missing
   * @throws IOException where it can't be started, or an earlier attempt can't be ended, with what
   *     to do
   */
  Job launch(Path engineFolder, int attempt) throws IOException;

  /** By torchrun on this machine; one process goes without it. */
  static Launcher local(LaunchSettings settings, Programs programs) {
    return new LocalLauncher(settings, programs);
  }

  /** By a script for Slurm, {@code job.sbatch}. */
  static Launcher slurm(LaunchSettings settings, Programs programs) {
    return new SlurmLauncher(settings, programs);
  }

  /**
   * By a line of the user's for the shell.
   *
   * @param line the key {@code engine.launch}, with {@linkplain CommandLine words in braces}
   * @param cancel the key {@code engine.cancel}, with the same words
   */
  static Launcher command(
      String line, Optional<String> cancel, LaunchSettings settings, Programs programs) {
    return new CommandLauncher(line, cancel, settings, programs);
  }
}
