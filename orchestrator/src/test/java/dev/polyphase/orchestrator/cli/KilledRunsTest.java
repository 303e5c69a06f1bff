package dev.polyphase.orchestrator.cli;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.LoadedLibtorch;
import dev.polyphase.weights.FolderTree;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs in processes that are killed, and runs whose checkpoints were damaged since: whatever
 * happens, the end is that of a run to which nothing did. {@code -Dpolyphase.kills=200
 * -Dpolyphase.kills.seed=7} asks for more of it, and for other moments.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class KilledRunsTest {
  private static final int ROUNDS = Integer.getInteger("polyphase.kills", 8);
  private static final long SEED = Long.getLong("polyphase.kills.seed", 12);

  /** All that steps can change: best weights, rescans, adapters, noise, a reference. */
  private static final String PIPELINE =
      """
      name: killed
      base_model: tiny-llama
      device: cpu
      defaults:
        sequence_len: 48
        micro_batch_size: 2
        learning_rate: 1e-2
        save_steps: 1
        max_steps: 5
      phases:
        - name: foundation
          type: sft
          targeting: {top_percent: 50}
          datasets: [{path: text.jsonl}]
          sample_packing: true
          val_set_size: 2
          eval_steps: 2
          load_best_model_at_end: true
          rescan_every: 2
        - name: refinement
          type: sft
          targeting: {top_percent: 50, always_train: []}
          datasets: [{path: text.jsonl}]
          adapter: {type: lora, r: 4, dropout: 0.1}
          gradient_accumulation_steps: 2
          neftune_noise_alpha: 5
        - name: alignment
          type: dpo
          targeting: {top_percent: 34, always_train: []}
          datasets: [{path: pairs.jsonl}]
      """;

  private static final List<String> PHASES =
      List.of("phase-01-foundation", "phase-02-refinement", "phase-03-alignment");

  private static final Set<String> TIMES =
      Set.of("tokens_per_second", "eval_runtime", "eval_samples_per_second", "seconds");

  /** At most so many lines of {@code events.jsonl} are written before a kill at any moment. */
  private static final int LINES = 14;

  /** So long after the last of them it may come. */
  private static final int NANOS = 40_000_000;

  /** The exit code after SIGKILL. */
  private static final int KILLED = 137;

  @TempDir static Path folder = Path.of("");

  /** Of each phase the state of a run that was killed in it when it had two checkpoints or more. */
  private static final List<Path> killedIn = new ArrayList<>();

  private final Random random = new Random(SEED);

  /** What a process is doing when it is killed. */
  private enum Moment {
    IN_A_CHECKPOINT,
    IN_A_MODEL,
    BETWEEN_PHASES,
    ANY
  }

  @BeforeAll
  static void runs() throws IOException, InterruptedException {
    Fixture.LLAMA.copyTo(folder);
    StringBuilder text = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String sentence = "The moon pulls the sea ".substring(i % 5) + i;
      text.append("{\"text\": \"%s\"}%n".formatted(sentence));
      pairs.append(
          "{\"prompt\": \"Say %d:\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n"
              .formatted(i, sentence));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(folder.resolve("killed.yaml"), PIPELINE);

    Polyphase.Ended ended = Polyphase.execute(command("undisturbed").toArray(String[]::new));
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    for (int phase = 0; phase < PHASES.size(); phase++) {
      killedIn.add(killIn(phase));
    }
  }

  /** Where the process was too fast it is tried again from the phase before. */
  private static Path killIn(int phase) throws IOException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      String name = "killed-in-%d-%d".formatted(phase, attempt);
      if (phase > 0) {
        copy(killedIn.get(phase - 1), run(name));
      }
      Path checkpoints = run(name).resolve(PHASES.get(phase)).resolve("checkpoints");
      Process process = start(name);
      while (process.isAlive() && names(checkpoints, "step-").count() < 2) {
        LockSupport.parkNanos(100_000);
      }
      process.destroyForcibly().waitFor();
      if (finished(run(name)) == phase && !Files.exists(checkpoints.resolveSibling("model"))) {
        return run(name);
      }
    }
  }

  @Test
  void endAsIfNothingHadHappened() throws IOException, InterruptedException {
    List<Moment> moments = new ArrayList<>();
    Set<Moment> missing = EnumSet.allOf(Moment.class);
    int kills = 0;
    String name = "killed-0";
    while (kills < ROUNDS || !missing.isEmpty()) {
      if (moments.isEmpty()) {
        moments.addAll(List.of(Moment.values()));
        moments.add(Moment.ANY);
      }
      Moment moment = moments.remove(random.nextInt(moments.size()));
      if (kill(name, moment, missing)) {
        kills++;
      } else {
        assertLikeTheUndisturbed(name);
        name = "killed-" + kills;
      }
    }
    finish(name);
    assertLikeTheUndisturbed(name);
  }

  /**
   * Starts the run and kills it.
   *
   * @param hit loses what the process was doing then
   * @return whether it was killed; otherwise it ended before that moment came
   */
  private boolean kill(String name, Moment moment, Set<Moment> hit)
      throws IOException, InterruptedException {
    Path run = run(name);
    long startMillis = System.currentTimeMillis();
    int finished = finished(run);
    long lines = lines(run.resolve("events.jsonl")) + random.nextInt(LINES);
    int nanos = random.nextInt(NANOS);
    Process process = start(name);
    while (process.isAlive()
        && (moment == Moment.ANY
            ? lines(run.resolve("events.jsonl")) < lines
            : !isDoing(moment, run, startMillis, finished))) {
      LockSupport.parkNanos(100_000);
    }
    if (moment == Moment.ANY) {
      LockSupport.parkNanos(nanos);
    }
    if (process.destroyForcibly().waitFor() == 0) {
      return false;
    }
    assertThat(process.exitValue()).as(Files.readString(messages(name))).isEqualTo(KILLED);
    // A kill that came a moment too late was one at any.
    hit.remove(isDoing(moment, run, startMillis, finished) ? moment : Moment.ANY);
    return true;
  }

  private static boolean isDoing(Moment moment, Path run, long sinceMillis, int finishedThen)
      throws IOException {
    return switch (moment) {
      case ANY -> true;
      case IN_A_CHECKPOINT ->
          PHASES.stream()
              .flatMap(phase -> names(run.resolve(phase).resolve("checkpoints"), ".step-"))
              .anyMatch(file -> file.lastModified() >= sinceMillis);
      case IN_A_MODEL ->
          PHASES.stream()
              .flatMap(phase -> names(run.resolve(phase), ".model.tmp-"))
              .anyMatch(file -> file.lastModified() >= sinceMillis);
      case BETWEEN_PHASES -> {
        int finished = finished(run);
        yield finished > finishedThen
            && finished < PHASES.size()
            && phase(run, finished).path("status").asText().equals("pending");
      }
    };
  }

  /** The one before it is used, and that is said. */
  @Test
  void endAlikeWhereTheNewestCheckpointIsDamaged() throws IOException {
    // The later a phase, the less there is left to train.
    List<Integer> phases = List.of(0, 1, 1, 2, 2, 2);
    for (int round = 0; round < ROUNDS; round++) {
      int phase = phases.get(round % phases.size());
      String name = "damaged-" + round;
      copy(killedIn.get(phase), run(name));
      List<Path> checkpoints = checkpoints(name, phase);
      Path newest = checkpoints.remove(checkpoints.size() - 1);
      String damage = damage(newest);

      assertThat(sentences(name))
          .as(damage)
          .anyMatch(sentence -> sentence.startsWith(newest + " can't be used: it"))
          .contains("goes on from " + checkpoints.get(checkpoints.size() - 1));
      assertLikeTheUndisturbed(name);
    }
  }

  /** And what can't be used is not taken for newer than what the phase then writes. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void endAlikeWhereTheOnlyCheckpointIsDamaged(int phase) throws IOException, InterruptedException {
    String name = "anew-" + phase;
    copy(killedIn.get(phase), run(name));
    List<Path> checkpoints = checkpoints(name, phase);
    Path only = checkpoints.remove(checkpoints.size() - 1);
    for (Path older : checkpoints) {
      FolderTree.remove(older);
    }
    String damage = damage(only);

    assertThat(sentences(name))
        .as(damage)
        .anyMatch(
            sentence ->
                sentence.startsWith(only + " can't be used: it")
                    && sentence.endsWith("; the phase begins anew"))
        .noneMatch(sentence -> sentence.startsWith("goes on from "));
    assertLikeTheUndisturbed(name);
  }

  /** Runs to the end in this process, and returns what both the terminal and the log say. */
  private static List<String> sentences(String name) throws IOException {
    Polyphase.Ended ended = Polyphase.execute(command(name).toArray(String[]::new));
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    return Files.readAllLines(run(name).resolve("events.jsonl")).stream()
        .map(line -> Polyphase.parse(line).path("message").asText())
        .filter(sentence -> !sentence.isEmpty() && ended.messages().contains(sentence))
        .toList();
  }

  private static List<Path> checkpoints(String name, int phase) {
    return names(run(name).resolve(PHASES.get(phase)).resolve("checkpoints"), "step-")
        .map(File::toPath)
        .sorted()
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Damages one file; what was done is for who reads that it was not seen. */
  private String damage(Path checkpoint) throws IOException {
    List<Path> files = names(checkpoint, "").map(File::toPath).sorted().toList();
    Path file = files.get(random.nextInt(files.size()));
    byte[] bytes = Files.readAllBytes(file);
    // But for its end, which may be that of a line.
    int place = random.nextInt(bytes.length - 1);
    // Checkpoints share files by links: this one gets its own.
    Files.delete(file);
    switch (random.nextInt(3)) {
      case 0 -> {
        return file + " is missing";
      }
      case 1 -> {
        Files.write(file, Arrays.copyOf(bytes, place));
        return "%s has its first %d bytes".formatted(file, place);
      }
      default -> {
        int bit = random.nextInt(8);
        bytes[place] ^= (byte) (1 << bit);
        Files.write(file, bytes);
        return "bit %d of byte %d of %s is another".formatted(bit, place, file);
      }
    }
  }

  private static void assertLikeTheUndisturbed(String name) throws IOException {
    Path whole = run("undisturbed");
    assertThat(files(run(name))).as(name).isEqualTo(files(whole));
    for (int phase = 0; phase < PHASES.size(); phase++) {
      Path found = run(name).resolve(PHASES.get(phase));
      Path expected = whole.resolve(PHASES.get(phase));
      for (String file : List.of("model/model.safetensors", "snr.json", "selection.yaml")) {
        assertSameBytes(found.resolve(file), expected.resolve(file));
      }
      assertThat(withoutTimes(metrics(found))).as(name).isEqualTo(withoutTimes(metrics(expected)));
      for (JsonNode row : withoutTimes(metrics(found))) {
        assertThat(row.has("loss") || row.has("eval_loss")).isTrue();
      }
      assertThat(withoutTimes(List.of(Polyphase.json(found.resolve("trainer_state.json")))))
          .isEqualTo(withoutTimes(List.of(Polyphase.json(expected.resolve("trainer_state.json")))));
      assertThat(withoutTimes(List.of(phase(run(name), phase).path("result"))))
          .isEqualTo(withoutTimes(List.of(phase(whole, phase).path("result"))));
    }
  }

  private static List<JsonNode> metrics(Path phase) throws IOException {
    return Files.readAllLines(phase.resolve("metrics.jsonl")).stream()
        .map(Polyphase::parse)
        .toList();
  }

  private static List<JsonNode> withoutTimes(List<JsonNode> found) {
    for (JsonNode json : found) {
      for (String time : TIMES) {
        json.findParents(time).forEach(parent -> ((ObjectNode) parent).remove(time));
      }
    }
    return found;
  }

  /**
   * The names of the files that a run leaves, but for those of checkpoints and caches, and small
   * ones that a killed process did not complete.
   */
  private static Set<String> files(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      return files
          .filter(file -> Files.isRegularFile(file))
          .filter(file -> !file.getFileName().toString().matches("\\..+\\.tmp-[0-9a-f]{16}"))
          .map(file -> run.relativize(file).toString())
          .filter(file -> !file.matches("(.*/checkpoints/step-|\\.cache/).*"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static int finished(Path run) throws IOException {
    int finished = 0;
    while (phase(run, finished).path("status").asText().equals("finished")) {
      finished++;
    }
    return finished;
  }

  private static JsonNode phase(Path run, int index) throws IOException {
    Path state = run.resolve("run.json");
    return Files.exists(state)
        ? Polyphase.json(state).path("phases").path(index)
        : Polyphase.parse("{}");
  }

  private static long lines(Path file) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    }
  }

  /** What is in a folder that others change, and that need not be there. */
  private static Stream<File> names(Path parent, String beginning) {
    File[] files = parent.toFile().listFiles((where, name) -> name.startsWith(beginning));
    return files == null ? Stream.empty() : Arrays.stream(files);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private static Path run(String name) {
    return folder.resolve(name).resolve("killed");
  }

  private static void finish(String name) throws IOException, InterruptedException {
    assertThat(start(name).waitFor()).as(Files.readString(messages(name))).isZero();
  }

  private static List<String> command(String name) {
    return List.of(
        "run",
        folder.resolve("killed.yaml").toString(),
        "--output",
        folder.resolve(name).toString());
  }

  private static Process start(String name) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    words.addAll(command(name));
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put("POLYPHASE_HOME", folder.resolve("home").toString());
    // What this process unpacked is not unpacked again.
    LoadedLibtorch.get();
    builder.environment().put("DJL_CACHE_DIR", LoadedLibtorch.cacheFolder().toString());
    return builder.redirectErrorStream(true).redirectOutput(messages(name).toFile()).start();
  }

  private static Path messages(String name) {
    return folder.resolve(name + ".messages");
  }
}
