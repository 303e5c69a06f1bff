package dev.polyphase.trl.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.processes.ProcessMark;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Jobs on this machine, whose Python is played. */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
class LocalLauncherTest {
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

  private Launcher launcher(int processes) {
    return Launcher.local(lab.settings(1, processes), lab.programs());
  }

  private Path launchJson() {
    return lab.engine.resolve("launch.json");
  }

  /** The job, after another process has written something else of it. */
  private Job rewritten(Consumer<ObjectNode> change) throws IOException {
    ObjectNode launch = JsonFile.object(launchJson());
    change.accept(launch);
    Files.writeString(launchJson(), launch.toString());
    return lab.found();
  }

  @Test
  void oneProcessGoesWithoutTorchrun() throws IOException {
    lab.plays("finish");
    Job job = launcher(1).launch(lab.engine, 1);
    lab.awaits(job, JobState.ENDED);
    assertThat(lab.text("arguments").lines())
        .containsExactly(
            lab.python().toString(),
            lab.engine.resolve("driver.py").toString(),
            lab.engine.toString());
    assertThat(lab.text("outcome.json")).contains("finished");
  }

  @Test
  void severalAreTorchrunsWorkers() throws IOException {
    lab.plays("finish");
    lab.awaits(launcher(4).launch(lab.engine, 1), JobState.ENDED);
    assertThat(lab.text("arguments").lines())
        .containsExactly(
            lab.python().toString(),
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "4",
            "--max-restarts",
            "0",
            lab.engine.resolve("driver.py").toString(),
            lab.engine.toString());
  }

  @Test
  void threadsAreSharedOutUnlessTheUserSaysHowMany() throws IOException {
    lab.plays("finish");
    int cores = Runtime.getRuntime().availableProcessors();
    lab.awaits(launcher(cores).launch(lab.engine, 1), JobState.ENDED);
    assertThat(lab.text("variables").lines())
        .contains("OMP_NUM_THREADS=1", "TOKENIZERS_PARALLELISM=false", "PYTHONUNBUFFERED=1");

    Launcher told = Launcher.local(lab.settings(1, 1), lab.programsWith("OMP_NUM_THREADS", "17"));
    lab.awaits(told.launch(lab.engine, 2), JobState.ENDED);
    assertThat(lab.text("variables").lines()).contains("OMP_NUM_THREADS=17");
  }

  @Test
  void isNoWorkerOfTheJobThatPolyphaseRunsIn() throws IOException {
    lab.plays("finish");
    Launcher within = Launcher.local(lab.settings(1, 1), lab.programsWith("WORLD_SIZE", "64"));
    lab.awaits(within.launch(lab.engine, 1), JobState.ENDED);
    assertThat(lab.text("variables")).doesNotContain("WORLD_SIZE");
  }

  @Test
  void allAttemptsAreInOneLog() throws IOException {
    lab.plays("die");
    lab.awaits(launcher(1).launch(lab.engine, 1), JobState.ENDED);
    lab.awaits(launcher(1).launch(lab.engine, 2), JobState.ENDED);
    assertThat(lab.text("driver.log").lines().map(line -> line.replaceAll("[0-9]+", "N")))
        .containsExactly("started as N", "a warning", "started as N", "a warning");
    assertThat(lab.found().attempt()).isEqualTo(2);
  }

  @Test
  void isInASessionOfItsOwn() throws IOException {
    lab.plays("hang");
    LocalJob job = (LocalJob) launcher(2).launch(lab.engine, 1);
    lab.workers();
    assertThat(lab.text("session").strip()).isEqualTo(Long.toString(job.process().mark().pid()));
  }

  @Test
  void outlivesPolyphaseAndIsFoundByTheNext() throws Exception {
    lab.plays("work");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LaunchingProcess.class.getName(),
                lab.engine.toString(),
                lab.python().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(lab.programs().environment());
    Process polyphase = builder.start();
    List<ProcessHandle> workers = lab.workers();
    polyphase.destroyForcibly().waitFor();

    Job job = lab.found();
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
    assertThat(job.attempt()).isEqualTo(LaunchingProcess.ATTEMPT);
    job.cancel();
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void cancelEndsWorkersInSessionsOfTheirOwn() throws IOException {
    lab.plays("hang");
    Job job = launcher(2).launch(lab.engine, 1);
    List<ProcessHandle> workers = lab.workers();
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
    assertThat(workers).allMatch(Lab::runs);

    job.cancel();
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    assertThat(workers).noneMatch(Lab::runs);
    // Of what has ended, nothing.
    job.cancel();
  }

  @Test
  void theNextLaunchEndsWorkersThatOutlivedTheirParent() throws IOException {
    lab.plays("hang");
    LocalJob first = (LocalJob) launcher(2).launch(lab.engine, 1);
    List<ProcessHandle> orphans = lab.workers();
    first.process().mark().handle().orElseThrow().destroyForcibly();
    lab.awaits(first, JobState.ENDED);
    assertThat(orphans).allMatch(Lab::runs);

    lab.plays("finish");
    Job second = launcher(2).launch(lab.engine, 2);
    assertThat(orphans).noneMatch(Lab::runs);
    lab.awaits(second, JobState.ENDED);
  }

  @Test
  void theNextLaunchEndsWhatStillRuns() throws IOException {
    lab.plays("hang");
    Job first = launcher(2).launch(lab.engine, 1);
    List<ProcessHandle> workers = lab.workers();
    lab.plays("finish");
    lab.awaits(launcher(2).launch(lab.engine, 2), JobState.ENDED);
    assertThat(workers).noneMatch(Lab::runs);
    assertThat(first.state()).isEqualTo(JobState.ENDED);
  }

  @Test
  void anotherProcessOfThatNumberIsLeftAlone() throws Exception {
    lab.plays("die");
    lab.awaits(launcher(1).launch(lab.engine, 1), JobState.ENDED);
    Process bystander = new ProcessBuilder("sleep", "600").start();
    try {
      ProcessMark mark = ProcessMark.of(bystander.toHandle());
      Job recycled =
          rewritten(launch -> launch.put("pid", mark.pid()).put("start", mark.start() - 1));
      assertThat(recycled.state()).isEqualTo(JobState.ENDED);
      recycled.cancel();
      assertThat(bystander.isAlive()).isTrue();

      Job same = rewritten(launch -> launch.put("start", mark.start()));
      assertThat(same.state()).isEqualTo(JobState.RUNNING);
    } finally {
      bystander.destroyForcibly();
    }
  }

  @Test
  void aJobWhoseNumberWasNeverWrittenIsFound() throws IOException {
    lab.plays("hang");
    launcher(2).launch(lab.engine, 1);
    List<ProcessHandle> workers = lab.workers();
    Job job = rewritten(launch -> launch.put("pid", 0).put("start", -1));
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
    job.cancel();
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void aProcessThatNobodyBuriedHasEnded() throws Exception {
    lab.plays("die");
    lab.awaits(launcher(1).launch(lab.engine, 1), JobState.ENDED);
    // The shell becomes a program that does not ask for its child's end.
    Process parent = new ProcessBuilder("sh", "-c", "sleep 0.01 & exec sleep 600").start();
    try {
      Eventually.holds(() -> "no child", () -> parent.children().findAny().isPresent());
      long child = parent.children().findAny().orElseThrow().pid();
      Path stat = Path.of("/proc", Long.toString(child), "stat");
      Eventually.holds(() -> Files.readString(stat), () -> fields(stat)[0].equals("Z"));
      long start = Long.parseLong(fields(stat)[19]);
      Job job = rewritten(launch -> launch.put("pid", child).put("start", start));
      assertThat(job.state()).isEqualTo(JobState.ENDED);
      job.cancel();
    } finally {
      parent.destroyForcibly();
    }
  }

  private static String[] fields(Path stat) throws IOException {
    String text = Files.readString(stat);
    return text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
  }

  @Test
  void aJobOfElsewhereIsJudgedByItsSignsOfLife() throws IOException {
    lab.plays("hang");
    launcher(2).launch(lab.engine, 1);
    List<ProcessHandle> workers = lab.workers();
    Job job = rewritten(launch -> launch.put("place", "another").put("host", "node3"));
    assertThat(job.state()).isEqualTo(JobState.UNKNOWN);
    assertThatThrownBy(job::cancel)
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("started on node3", "end it there");
    assertThatThrownBy(() -> launcher(2).launch(lab.engine, 2)).hasMessageContaining("node3");

    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofMinutes(4)));
    Files.setLastModifiedTime(launchJson(), longAgo);
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    Files.writeString(lab.engine.resolve("heartbeat.json"), "{}");
    assertThat(job.state()).isEqualTo(JobState.UNKNOWN);
    Files.setLastModifiedTime(lab.engine.resolve("heartbeat.json"), longAgo);
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    job.cancel();
    assertThat(workers).allMatch(Lab::runs);
  }

  @Test
  void whatAnEarlierAttemptSaidGoes() throws IOException {
    lab.plays("die");
    Files.writeString(lab.engine.resolve("outcome.json"), "{\"outcome\":\"stopped\"}");
    Files.writeString(lab.engine.resolve("stop"), "requeue\n");
    launcher(1).launch(lab.engine, 1);
    assertThat(lab.has("outcome.json")).isFalse();
    assertThat(lab.has("stop")).isFalse();

    // Polyphase's own.
    Files.writeString(lab.engine.resolve("stop"), "");
    launcher(1).launch(lab.engine, 2);
    assertThat(lab.has("stop")).isTrue();
  }

  @Test
  void noJobIsFoundWhereNoneWas() throws IOException {
    assertThat(Job.read(lab.engine, lab.programs())).isEmpty();
  }

  @Test
  void whatNoLaunchWritesIsRefused() throws IOException {
    lab.plays("die");
    launcher(1).launch(lab.engine, 1);
    assertThatThrownBy(() -> rewritten(launch -> launch.put("launch", "rocket")))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll("launch.json", "rocket", "remove the file");
    assertThatThrownBy(() -> rewritten(launch -> launch.put("launch", "local").remove("pid")))
        .hasMessageContaining("pid is missing");
  }
}
