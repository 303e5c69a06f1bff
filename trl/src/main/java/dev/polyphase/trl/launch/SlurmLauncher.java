package dev.polyphase.trl.launch;

import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * Queues a job with Slurm, whose further settings come from its own variables ({@code SBATCH_*}).
 */
record SlurmLauncher(LaunchSettings settings, Programs programs) implements Launcher {

  @Override
  public Job launch(Path engineFolder, int number) throws IOException {
    Slurm slurm = new Slurm(programs);
    slurm.needPrograms();
    Attempt attempt = Attempt.begin(engineFolder, number, programs);
    String name = JobName.of(settings.phase(), UUID.randomUUID().toString());
    Path script = attempt.folder().resolve("job.sbatch");
    AtomicFiles.writeString(script, new SlurmScript(settings, attempt, name).text());
    SlurmJob queued = new SlurmJob(attempt.folder(), number, name, Optional.empty(), programs);
    attempt.record(queued);
    SlurmJob job =
        new SlurmJob(
            attempt.folder(),
            number,
            name,
            Optional.of(slurm.submit(attempt.folder(), script)),
            programs);
    attempt.record(job);
    return job;
  }
}
