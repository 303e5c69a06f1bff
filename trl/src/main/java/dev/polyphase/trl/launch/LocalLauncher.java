package dev.polyphase.trl.launch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Starts a job's processes on this machine. */
record LocalLauncher(LaunchSettings settings, Programs programs) implements Launcher {
  /** What torchrun or another launcher tells its own workers, of which this job is none. */
  private static final Set<String> OF_OTHER_JOBS =
      Set.of(
          "RANK",
          "LOCAL_RANK",
          "GROUP_RANK",
          "ROLE_RANK",
          "WORLD_SIZE",
          "LOCAL_WORLD_SIZE",
          "MASTER_ADDR",
          "MASTER_PORT");

  @Override
  public Job launch(Path engineFolder, int number) throws IOException {
    Attempt attempt = Attempt.begin(engineFolder, number, programs);
    DetachedProcess process = DetachedProcess.toBeStarted();
    attempt.record(new LocalJob(attempt.folder(), number, process));
    ProcessBuilder builder = programs.builder(command(attempt), attempt.folder());
    prepare(builder.environment());
    LocalJob job =
        new LocalJob(attempt.folder(), number, process.start(builder, programs, attempt.log()));
    attempt.record(job);
    return job;
  }

  private List<String> command(Attempt attempt) {
    List<String> command = new ArrayList<>();
    command.add(settings.python().toString());
    if (settings.processesPerNode() > 1) {
      command.addAll(List.of("-m", "torch.distributed.run", "--standalone"));
      command.addAll(List.of("--nproc-per-node", Integer.toString(settings.processesPerNode())));
      command.addAll(List.of("--max-restarts", "0"));
    }
    command.addAll(attempt.driverCommand());
    return command;
  }

  private void prepare(Map<String, String> environment) {
    environment.keySet().removeAll(OF_OTHER_JOBS);
    int cores = Runtime.getRuntime().availableProcessors();
    environment.putIfAbsent(
        "OMP_NUM_THREADS", Integer.toString(Math.max(1, cores / settings.processesPerNode())));
    environment.put("TOKENIZERS_PARALLELISM", "false");
    environment.put("PYTHONUNBUFFERED", "1");
  }
}
