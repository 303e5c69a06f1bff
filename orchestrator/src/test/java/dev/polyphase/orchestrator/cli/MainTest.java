package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program in a process of its own. */
class MainTest {
  @TempDir Path folder;

  /** Half of a result must not look like all of it. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void resultsThatCanNotBeWrittenAreAFailure() throws Exception {
    Path scan = folder.resolve("snr.json");
    Files.writeString(
        scan, "{\"model.layers.0.mlp.up_proj\": {\"snr\": 1.5, \"type\": \"mlp.up_proj\"}}");
    String[] select = {"select", scan.toString(), "--top-percent", "100"};

    assertThat(run(new File("/dev/null"), List.of(), select)).isEqualTo(new Ended(0, ""));
    assertThat(run(new File("/dev/full"), List.of(), select))
        .isEqualTo(new Ended(1, "standard output can't be written; is the disk full?\n"));
  }

  /** Egypt's Arabic has digits of its own. */
  @Test
  void digitsAreTheSameInEveryLocale() throws Exception {
    Path pipeline = Files.writeString(folder.resolve("p.yaml"), "phases: []\n");

    Ended ended =
        run(
            folder.resolve("out.txt").toFile(),
            List.of("-Duser.language=ar", "-Duser.country=EG"),
            "plan",
            pipeline.toString(),
            "--set",
            "phases[12].name=x");

    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("has 0 entries, counted from 0, and no entry [12]");
  }

  private record Ended(int code, String err) {}

  private static Ended run(File out, List<String> options, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).redirectOutput(out).start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), err);
  }
}
