package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.LoadedLibtorch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scans in processes that are killed. */
class KilledScanTest {
  private static final int KILLS = 20;

  /** After so many kills a scan may end, and the next one starts with an empty cache. */
  private static final int KILLS_IN_A_ROW = 5;

  /** A scan says how far it is at each tenth. */
  private static final int LINES = 10;

  @TempDir Path folder;
  private Path model = Path.of("");

  @Test
  void endsWithTheSameBytesHoweverOftenItIsKilled() throws IOException, InterruptedException {
    model = Fixture.LLAMA.copyTo(folder);
    byte[] undisturbed = finish("undisturbed");
    long modules = entries("undisturbed");
    Random random = new Random(20);

    for (int kills = 0; kills < KILLS; kills += KILLS_IN_A_ROW) {
      String name = "killed-" + kills;
      for (int i = 0; i < KILLS_IN_A_ROW; i++) {
        killAfterLines(name, random.nextInt(LINES));
      }
      assertThat(finish(name)).isEqualTo(undisturbed);
      assertThat(entries(name)).isEqualTo(modules);
    }
  }

  /** After no line it is killed as soon as the process exists. */
  private void killAfterLines(String name, int lines) throws IOException, InterruptedException {
    Process scan = start(name);
    try (BufferedReader progress =
        new BufferedReader(new InputStreamReader(scan.getErrorStream(), StandardCharsets.UTF_8))) {
      for (int line = 0; line < lines; line++) {
        assertThat(progress.readLine()).startsWith("scanned ");
      }
      scan.destroyForcibly();
    }
    assertThat(scan.waitFor()).isNotZero();
  }

  private byte[] finish(String name) throws IOException, InterruptedException {
    Process scan = start(name);
    String messages = new String(scan.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(scan.waitFor()).as(messages).isZero();
    return Files.readAllBytes(folder.resolve(name).resolve("snr_results_tiny-llama.json"));
  }

  private Process start(String name) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "scan",
            model.toString(),
            "-o",
            folder.resolve(name).toString());
    builder.environment().put("POLYPHASE_HOME", home(name).toString());
    // What this process unpacked is not unpacked for each home.
    LoadedLibtorch.get();
    builder.environment().put("DJL_CACHE_DIR", LoadedLibtorch.cacheFolder().toString());
    return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }

  private long entries(String name) throws IOException {
    try (Stream<Path> files = Files.list(home(name).resolve("cache").resolve("spectra"))) {
      return files.filter(file -> file.getFileName().toString().matches("[0-9a-f]{64}")).count();
    }
  }

  private Path home(String name) {
    return folder.resolve("home-" + name);
  }
}
