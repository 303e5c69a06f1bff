package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Nothing grows with the number of steps. */
class ManyStepsTest {
  /** What the JVM's own memory may move by; an array of 1 KB leaked a step is half of it. */
  private static final long FLAT_KIBIBYTES = 4096;

  @TempDir Path folder;

  @EnabledOnOs(OS.LINUX)
  @Test
  void residentMemoryIsFlatInTheSecondHalfOfTwoThousandSteps() throws Exception {
    Path base = Fixture.LLAMA.copyTo(folder);
    new SftRun(folder, base, Set.of()).withRows(40, 25, 33);
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ManySteps.class.getName(),
                folder.toString(),
                base.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String printed =
        new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(child.waitFor()).isZero();

    List<Long> kibibytes = printed.lines().map(Long::valueOf).toList();
    assertThat(kibibytes).hasSize(ManySteps.STEPS / ManySteps.BETWEEN);
    long half = kibibytes.get(kibibytes.size() / 2 - 1);
    long end = kibibytes.get(kibibytes.size() - 1);
    assertThat(end - half).as(printed).isLessThan(FLAT_KIBIBYTES);
  }
}
