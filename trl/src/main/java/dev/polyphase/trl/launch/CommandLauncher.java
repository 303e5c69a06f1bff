package dev.polyphase.trl.launch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Starts a job by a line of the user's. */
record CommandLauncher(
    String line, Optional<String> cancel, LaunchSettings settings, Programs programs)
    implements Launcher {
  /** Runs the line and keeps its exit code, which a later process could not ask for. */
  private static final String KEEPS_CODE =
      "/bin/sh -c \"$1\"; code=$?; echo \"$code\" > \"$2.tmp\" && mv \"$2.tmp\" \"$2\"; exit \"$code\"";

  @Override
  public Job launch(Path engineFolder, int number) throws IOException {
    Attempt attempt = Attempt.begin(engineFolder, number, programs);
    DetachedProcess process = DetachedProcess.toBeStarted();
    Map<String, String> values = values(attempt, process);
    Optional<String> ending = cancel.map(text -> CommandLine.filled(text, values));
    attempt.record(new CommandJob(attempt.folder(), number, process, ending, programs));
    ProcessBuilder builder =
        programs.builder(
            List.of(
                "/bin/sh",
                "-c",
                KEEPS_CODE,
                "polyphase",
                CommandLine.filled(line, values),
                attempt.exitCode().toString()),
            attempt.folder());
    CommandJob job =
        new CommandJob(
            attempt.folder(),
            number,
            process.start(builder, programs, attempt.log()),
            ending,
            programs);
    attempt.record(job);
    return job;
  }

  private Map<String, String> values(Attempt attempt, DetachedProcess process) {
    return Map.of(
        "driver", attempt.driver().toString(),
        "job", attempt.folder().toString(),
        "nodes", Integer.toString(settings.nodes()),
        "per_node", Integer.toString(settings.processesPerNode()),
        "python", settings.python().toString(),
        "name", JobName.of(settings.phase(), process.id()));
  }
}
