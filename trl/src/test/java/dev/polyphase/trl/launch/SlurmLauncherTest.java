package dev.polyphase.trl.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs in the hands of a Slurm that is played: its programs start processes on this machine. */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
class SlurmLauncherTest {
  /** The first job's number, after those that the played Slurm has had before. */
  private static final String FIRST = "4711";

  @TempDir Path folder = Path.of("");

  private Lab lab;

  @BeforeEach
  void setUp() throws IOException {
    lab = new Lab(folder);
  }

  @AfterEach
  void endAll() throws IOException {
    lab.close();
  }

  private Job launch(int attempt) throws IOException {
    return Launcher.slurm(lab.settings(2, 4), lab.programs()).launch(lab.engine, attempt);
  }

  private String slurm(String file) throws IOException {
    return Files.readString(lab.slurm.resolve(FIRST).resolve(file)).strip();
  }

  private void slurmIs(String what) throws IOException {
    Files.writeString(lab.slurm.resolve(what), "");
  }

  private void slurmIsNot(String what) throws IOException {
    Files.delete(lab.slurm.resolve(what));
  }

  private void setState(String state) throws IOException {
    Files.writeString(lab.slurm.resolve(FIRST).resolve("state"), state + "\n");
  }

  /** What Slurm does some time before the time limit, by {@code --signal=B:TERM}. */
  private void timeIsShort() throws Exception {
    shell("kill " + slurm("pid"));
  }

  /** A machine becomes free for the job. */
  private void startQueued() throws Exception {
    slurmIsNot("full");
    shell("setsid " + Shell.quoted(lab.bin.resolve("slurmd").toString()) + " " + FIRST + " &");
  }

  private void shell(String line) throws Exception {
    ProcessBuilder builder = lab.programs().builder(List.of("/bin/sh", "-c", line), folder);
    assertThat(builder.inheritIO().start().waitFor()).as(line).isZero();
  }

  private void awaitsText(String what, String text) {
    Eventually.holds(() -> what + " is " + slurm(what), () -> slurm(what).equals(text));
  }

  @Test
  void theScriptSaysWhatItAsksFor() throws IOException {
    lab.plays("finish");
    lab.awaits(launch(1), JobState.ENDED);
    String script = lab.text("job.sbatch");
    assertThat(script.lines().takeWhile(line -> line.startsWith("#!") || line.startsWith("#SB")))
        .map(line -> line.replaceAll("-[0-9a-f]{8}$", "-ID"))
        .containsExactly(
            "#!/bin/bash",
            "#SBATCH --job-name=polyphase-sft-1st-phase-ID",
            "#SBATCH --nodes=2",
            "#SBATCH --ntasks-per-node=1",
            "#SBATCH --output=driver.log",
            "#SBATCH --open-mode=append",
            "#SBATCH --signal=B:TERM@120",
            "#SBATCH --requeue");
    assertThat(script).doesNotContain("@ENGINE@", "@PYTHON@", "@NAME@", "@NODES@", "@PER_NODE@");

    LaunchSettings onGpus = new LaunchSettings("x", lab.python(), 1, 8, true);
    Launcher.slurm(onGpus, lab.programs()).launch(lab.engine, 2);
    assertThat(lab.text("job.sbatch").lines()).contains("#SBATCH --gpus-per-node=8");
  }

  @Test
  void runsTorchrunOnceForEachNode() throws IOException {
    lab.plays("finish");
    Job job = launch(1);
    lab.awaits(job, JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("COMPLETED");
    List<String> torchrun =
        List.of(
            lab.python().toString(),
            "-m",
            "torch.distributed.run",
            "--nnodes",
            "2",
            "--nproc-per-node",
            "4",
            "--rdzv-backend",
            "c10d",
            "--rdzv-endpoint",
            "node7:24711",
            "--rdzv-id",
            FIRST,
            "--max-restarts",
            "0",
            lab.engine.resolve("driver.py").toString(),
            lab.engine.toString());
    List<String> srun = new ArrayList<>(List.of("--nodes", "2", "--ntasks", "2"));
    srun.addAll(List.of("--ntasks-per-node", "1", "--cpu-bind=none", "--kill-on-bad-exit=1"));
    srun.addAll(torchrun);
    assertThat(slurm("srun").lines()).containsExactlyElementsOf(srun);
    assertThat(lab.text("arguments").lines()).containsExactlyElementsOf(torchrun);
    assertThat(lab.text("variables").lines())
        .contains("OMP_NUM_THREADS=3", "TOKENIZERS_PARALLELISM=false", "PYTHONUNBUFFERED=1");
    assertThat(lab.text("driver.log")).startsWith("started as");
    assertThat(lab.text("outcome.json")).contains("finished");
  }

  @Test
  void waitsRunsAndEnds() throws Exception {
    lab.plays("work");
    slurmIs("full");
    Job job = launch(1);
    assertThat(job.state()).isEqualTo(JobState.QUEUED);
    assertThat(lab.found().state()).isEqualTo(JobState.QUEUED);
    startQueued();
    lab.workers();
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
    Files.writeString(lab.engine.resolve("stop"), "");
    lab.awaits(lab.found(), JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("COMPLETED");
    assertThat(lab.text("outcome.json")).contains("stopped");
    assertThat(slurm("restarts")).isEqualTo("0");
  }

  @Test
  void aFailedDriverFailsTheJob() throws IOException {
    lab.plays("die");
    lab.awaits(launch(1), JobState.ENDED);
    awaitsText("state", "FAILED");
    assertThat(slurm("code")).isEqualTo("3");
  }

  @ParameterizedTest
  @CsvSource({
    "PENDING, QUEUED",
    "CONFIGURING, QUEUED",
    "REQUEUED, QUEUED",
    "SUSPENDED, RUNNING",
    "COMPLETING, RUNNING",
    "'CANCELLED,COMPLETING', RUNNING",
    "CANCELLED, ENDED",
    "TIMEOUT, ENDED",
    "NODE_FAIL, ENDED",
    "OUT_OF_MEMORY, ENDED",
    "PREEMPTED, ENDED",
    "A_NEW_WORD, UNKNOWN",
  })
  void slurmsWordsForStates(String word, JobState state) throws IOException {
    slurmIs("full");
    Job job = launch(1);
    setState(word);
    assertThat(job.state()).isEqualTo(state);
  }

  @Test
  void aSilentSlurmSaysNothingOfTheJob() throws IOException {
    slurmIs("full");
    Job job = launch(1);
    slurmIs("silent");
    assertThat(job.state()).isEqualTo(JobState.UNKNOWN);
    slurmIsNot("silent");
    assertThat(job.state()).isEqualTo(JobState.QUEUED);
  }

  @Test
  void aForgottenJobHasEnded() throws Exception {
    slurmIs("full");
    Job job = launch(1);
    shell("rm -r " + Shell.quoted(lab.slurm.toString()));
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    job.cancel();
  }

  @Test
  void whatSlurmRefusesIsSaidInASentence() throws IOException {
    Files.writeString(
        lab.slurm.resolve("refuses"), "sbatch: error: invalid partition specified: gpus\n");
    assertThatThrownBy(() -> launch(1))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(
            "sbatch",
            "--parsable",
            "ended with exit code 1: sbatch: error: invalid partition specified: gpus");
    assertThat(lab.found().state()).isEqualTo(JobState.ENDED);
  }

  @Test
  void aMachineWithoutSlurmIsRefused() throws IOException {
    Files.delete(lab.bin.resolve("squeue"));
    assertThatThrownBy(() -> launch(1))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("squeue is not on the PATH", "engine.launch");
    assertThat(lab.has("launch.json")).isFalse();
  }

  @Test
  void cancelsWhatWaits() throws IOException {
    slurmIs("full");
    Job job = launch(1);
    lab.found().cancel();
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("CANCELLED");
  }

  @Test
  void cancelsWhatRunsAndDoesNotHear() throws IOException {
    lab.plays("hang");
    Job job = launch(1);
    List<ProcessHandle> workers = lab.workers();
    job.cancel();
    assertThat(slurm("state")).isEqualTo("CANCELLED");
    assertThat(workers).noneMatch(Lab::runs);
    job.cancel();
  }

  @Test
  void aCancelledJobDoesNotComeBack() throws IOException {
    lab.plays("work");
    Job job = launch(1);
    List<ProcessHandle> workers = lab.workers();
    job.cancel();
    assertThat(slurm("state")).isEqualTo("CANCELLED");
    assertThat(slurm("restarts")).isEqualTo("0");
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void whatCannotBeCancelledIsSaid() throws IOException {
    lab.plays("work");
    Job job = launch(1);
    lab.workers();
    slurmIs("deaf");
    assertThatThrownBy(() -> ((SlurmJob) job).cancel(Duration.ofMillis(200)))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(
            "Slurm's job " + FIRST, "has not ended", "Access/permission denied", "scontrol show");
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
  }

  @Test
  void goesOnInTheQueueWhenItsTimeIsShort() throws Exception {
    lab.plays("work");
    Job job = launch(1);
    lab.workers();
    slurmIs("full");
    timeIsShort();
    lab.awaits(job, JobState.QUEUED);
    // What the driver said of its stop was not the last word, and is taken back.
    Eventually.holds(() -> "outcome.json stays", () -> !lab.has("outcome.json"));
    assertThat(lab.has("stop")).isFalse();
    awaitsText("restarts", "1");
    Files.delete(lab.engine.resolve("worker.1"));
    Files.delete(lab.engine.resolve("worker.2"));

    lab.plays("finish");
    startQueued();
    lab.awaits(lab.found(), JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("COMPLETED");
    assertThat(lab.text("outcome.json")).contains("finished");
    assertThat(lab.text("driver.log").lines().filter(line -> line.startsWith("started as")))
        .hasSize(2);
  }

  @Test
  void isNeverSeenEndedWhileItGoesBackIntoTheQueue() throws Exception {
    lab.plays("work");
    Job job = launch(1);
    lab.workers();
    slurmIs("full");
    timeIsShort();
    List<JobState> seen = new ArrayList<>();
    Eventually.holds(
        seen::toString,
        () -> {
          seen.add(job.state());
          return seen.get(seen.size() - 1) == JobState.QUEUED;
        });
    assertThat(seen).noneMatch(JobState::outcomeIsFinal);
  }

  @Test
  void polyphasesOwnStopIsForGood() throws Exception {
    lab.plays("hang");
    Job job = launch(1);
    List<ProcessHandle> workers = lab.workers();
    timeIsShort();
    lab.awaitsFile("stop");
    Eventually.holds(() -> lab.text("stop"), () -> lab.text("stop").equals("requeue\n"));
    // Now the user wants it stopped as well; then the driver does.
    Files.writeString(lab.engine.resolve("stop"), "");
    Files.writeString(lab.engine.resolve("outcome.json"), "{\"outcome\": \"stopped\"}");
    workers.forEach(ProcessHandle::destroyForcibly);
    lab.awaits(job, JobState.ENDED);
    assertThat(lab.text("outcome.json")).contains("stopped");
    assertThat(lab.has("stop")).isTrue();
    assertThat(slurm("restarts")).isEqualTo("0");
  }

  @Test
  void whatSlurmQueuesAgainByItselfGoesOn() throws Exception {
    lab.plays("finish");
    slurmIs("full");
    Job job = launch(1);
    // As a job leaves the folder that was taken from its machines at once.
    Files.writeString(lab.engine.resolve("stop"), "term\n");
    Files.writeString(lab.engine.resolve("outcome.json"), "{\"outcome\":\"stopped\"}");
    Files.writeString(lab.slurm.resolve(FIRST).resolve("restarts"), "3\n");
    startQueued();
    lab.awaits(job, JobState.ENDED);
    assertThat(lab.text("outcome.json")).contains("finished");
    assertThat(lab.has("stop")).isFalse();
  }

  @Test
  void whatIsDoneIsNotDoneAgain() throws Exception {
    lab.plays("die");
    slurmIs("full");
    Job job = launch(1);
    Files.writeString(lab.engine.resolve("outcome.json"), "{\"outcome\":\"finished\"}");
    Files.writeString(lab.slurm.resolve(FIRST).resolve("restarts"), "1\n");
    startQueued();
    lab.awaits(job, JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("COMPLETED");
    assertThat(lab.has("arguments")).isFalse();
  }

  @Test
  void aLaunchThatWasReplacedDoesNothing() throws Exception {
    lab.plays("finish");
    slurmIs("full");
    Job job = launch(1);
    ObjectNode launch = JsonFile.object(lab.engine.resolve("launch.json"));
    Files.writeString(lab.engine.resolve("launch.json"), launch.put("name", "another").toString());
    startQueued();
    lab.awaits(job, JobState.ENDED);
    assertThat(slurm("state")).isEqualTo("FAILED");
    assertThat(lab.has("arguments")).isFalse();
    assertThat(lab.text("driver.log")).contains("another launch");
  }

  @Test
  void aJobWhoseNumberWasNeverHeardIsFoundByItsName() throws IOException {
    lab.plays("work");
    slurmIs("mute");
    assertThatThrownBy(() -> launch(1)).hasMessageContaining("ended with exit code 1");
    Job job = lab.found();
    List<ProcessHandle> workers = lab.workers();
    assertThat(job.state()).isEqualTo(JobState.RUNNING);

    // And is ended before another is queued.
    slurmIsNot("mute");
    slurmIs("full");
    Job next = launch(2);
    assertThat(slurm("state")).isEqualTo("CANCELLED");
    assertThat(workers).noneMatch(Lab::runs);
    assertThat(next.state()).isEqualTo(JobState.QUEUED);
    assertThat(job.state()).isEqualTo(JobState.ENDED);
  }
}
