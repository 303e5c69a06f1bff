package dev.polyphase.trl.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that a line of the user's starts. */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
class CommandLauncherTest {
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

  private Job launch(String line, int attempt) throws IOException {
    return launch(line, null, attempt);
  }

  private Job launch(String line, String cancel, int attempt) throws IOException {
    return Launcher.command(line, Optional.ofNullable(cancel), lab.settings(2, 8), lab.programs())
        .launch(lab.engine, attempt);
  }

  @Test
  void valuesStandInItsWords() throws IOException {
    String line =
        "printf '%s\\n' {python} {driver} {job} {nodes} {per_node} {name}"
            + " {unknown} '${nodes}' \"$(echo {nodes}{per_node})\" > {job}/said";
    lab.awaits(launch(line, 1), JobState.HANDED_OVER);
    List<String> said = lab.text("said").lines().toList();
    assertThat(said.subList(0, 5))
        .containsExactly(
            lab.python().toString(),
            lab.engine.resolve("driver.py").toString(),
            lab.engine.toString(),
            "2",
            "8");
    assertThat(said.get(5)).matches("polyphase-sft-1st-phase-[0-9a-f]{8}");
    assertThat(said.subList(6, 9)).containsExactly("{unknown}", "${nodes}", "28");
  }

  @Test
  void inTheForegroundItRunsAsLongAsTheLine() throws IOException {
    lab.plays("work");
    Job job = launch("{python} -m x {driver} {job}", 1);
    List<ProcessHandle> workers = lab.workers();
    assertThat(job.state()).isEqualTo(JobState.RUNNING);
    assertThat(lab.found().state()).isEqualTo(JobState.RUNNING);
    Files.writeString(lab.engine.resolve("stop"), "");
    lab.awaits(job, JobState.HANDED_OVER);
    assertThat(lab.text("outcome.json")).contains("stopped");
    // What they leave is there a moment before they are gone.
    Eventually.holds(() -> workers + " run", () -> workers.stream().noneMatch(Lab::runs));
    assertThat(lab.text("driver.log")).startsWith("started as").contains("a warning");
  }

  @Test
  void aLineThatFailsHasEnded() throws IOException {
    Job job = launch("echo no such cluster >&2; exit 4", 1);
    lab.awaits(job, JobState.ENDED);
    assertThat(lab.text("driver.log")).isEqualTo("no such cluster\n");
    // Also where the shell itself can't read it.
    lab.awaits(launch("if then", 2), JobState.ENDED);
    assertThat(lab.text("driver.log").lines()).hasSizeGreaterThan(1);
  }

  @Test
  void aKilledLineHasEndedAndTheNextLaunchEndsTheRest() throws IOException {
    lab.plays("hang");
    CommandJob job = (CommandJob) launch("{python} -m x {driver} {job}; true", 1);
    List<ProcessHandle> workers = lab.workers();
    job.process().mark().handle().orElseThrow().destroyForcibly();
    lab.awaits(job, JobState.ENDED);
    assertThat(workers).allMatch(Lab::runs);
    lab.awaits(launch("true", 2), JobState.HANDED_OVER);
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void cancelEndsTheForegroundAndWhatItStarted() throws IOException {
    lab.plays("hang");
    Job job = launch("{python} -m x {driver} {job}", 1);
    List<ProcessHandle> workers = lab.workers();
    lab.found().cancel();
    assertThat(job.state()).isEqualTo(JobState.ENDED);
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void theUsersLineEndsWhatWasHandedOver() throws IOException {
    Job job = launch("echo {name} > {job}/submitted", "echo {name} > {job}/ended", 1);
    lab.awaits(job, JobState.HANDED_OVER);
    lab.found().cancel();
    assertThat(lab.text("ended")).isEqualTo(lab.text("submitted"));
    assertThat(job.state()).isEqualTo(JobState.ENDED);
  }

  /** A run's folder may be somebody else's. */
  @Test
  void aLineThatAnotherWroteIsNotRun() throws IOException {
    lab.awaits(launch("true", "touch {job}/ended", 1), JobState.HANDED_OVER);
    Path file = lab.engine.resolve("launch.json");
    Files.writeString(file, Files.readString(file).replace("/ended", "/other"));

    assertThatThrownBy(() -> lab.found().cancel())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("without engine.cancel nothing here can end what it started");
    assertThat(lab.has("ended")).isFalse();
    assertThat(lab.has("other")).isFalse();
  }

  @Test
  void aLineThatCannotEndItIsToldOf() throws IOException {
    lab.plays("hang");
    Job job = launch("{python} -m x {driver} {job}", "echo unknown job >&2; exit 9", 1);
    List<ProcessHandle> workers = lab.workers();
    assertThatThrownBy(job::cancel)
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(
            "engine.cancel", "exit code 9: unknown job", "end it yourself", "launch.json");
    // What runs here is ended all the same.
    assertThat(workers).noneMatch(Lab::runs);
  }

  @Test
  void whatWasHandedOverIsTheUsersWithoutALineToEndIt() throws IOException {
    Job job = launch("true", 1);
    lab.awaits(job, JobState.HANDED_OVER);
    assertThatThrownBy(job::cancel)
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("has returned", "engine.cancel", "remove", "launch.json");
    assertThat(job.state()).isEqualTo(JobState.HANDED_OVER);
  }

  @Test
  void theNextLaunchDoesNotEndWhatHasEndedByItself() throws IOException {
    lab.awaits(launch("true", "touch {job}/ended", 1), JobState.HANDED_OVER);
    lab.awaits(launch("exit 3", "touch {job}/ended", 2), JobState.ENDED);
    lab.awaits(launch("exit 3", "touch {job}/ended", 3), JobState.ENDED);
    assertThat(lab.has("ended")).isFalse();

    lab.plays("hang");
    launch("{python} -m x {driver} {job}", "touch {job}/ended", 4);
    lab.workers();
    launch("true", 5);
    assertThat(lab.has("ended")).isTrue();
  }

  /** Before its folder goes: once, and not where it has said its last word. */
  @Test
  void theLastJobOfAFolderIsEndedUnlessItIsOver() throws IOException {
    Job.endLast(lab.engine, lab.programs());
    lab.awaits(launch("true", "echo x >> {job}/ended", 1), JobState.HANDED_OVER);
    Job.endLast(lab.engine, lab.programs());
    Job.endLast(lab.engine, lab.programs());
    assertThat(lab.text("ended")).isEqualTo("x\n");

    lab.awaits(launch("true", 2), JobState.HANDED_OVER);
    assertThatThrownBy(() -> Job.endLast(lab.engine, lab.programs()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("without engine.cancel nothing here can end what it started");
    Files.writeString(lab.engine.resolve("outcome.json"), "{}");
    Job.endLast(lab.engine, lab.programs());
  }
}
