package dev.polyphase.orchestrator.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.kernels.LauncherSettings;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.processes.ProcessTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures parts one after the other, each in a process of its own that is ended when its time is
 * over, so that one that fails costs no other its figures.
 *
 * @param parts in their order
 * @param time that all may take together
 * @param folder an empty folder, for weights and what processes print
 * @param command what runs the program with some arguments
 * @param after is told how it goes
 */
public record GoalRun(
    List<GoalPart> parts,
    Duration time,
    Path folder,
    Function<List<String>, List<String>> command,
    After after) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Less than this is of no use to any part. */
  private static final int LEAST_SECONDS = 10;

  /** From this size on a scan's process gives freed memory back, as the launcher has it. */
  private static final String SCAN_GIVEN_BACK_BYTES = "1048576";

  /**
   * What became of a part.
   *
   * @param part the part
   * @param seconds that it took
   * @param figures what it printed; empty where it failed
   * @param failure why, in a sentence; empty where it did not fail
   */
  public record Outcome(
      GoalPart part, double seconds, Optional<JsonNode> figures, Optional<String> failure) {}

  /** Is told after each part. */
  public interface After {
    /** What became of the parts so far, the last one at the end. */
    void part(List<Outcome> outcomes) throws IOException;
  }

  /**
   * Measures them. One that stands in for another is missing where that other is among them and did
   * not fail.
   */
  public List<Outcome> run() throws IOException, InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    List<Outcome> outcomes = new ArrayList<>();
    Set<String> known = parts.stream().map(GoalPart::name).collect(Collectors.toSet());
    Set<String> failed = new HashSet<>();
    for (int i = 0; i < parts.size(); i++) {
      GoalPart part = parts.get(i);
      Optional<String> first = part.insteadOf().filter(known::contains);
      if (first.isPresent() && !failed.contains(first.get())) {
        continue;
      }
      long left = TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime());
      Outcome outcome =
          left < Math.min(LEAST_SECONDS, part.seconds())
              ? new Outcome(part, 0, Optional.empty(), Optional.of("no time was left for it"))
              : measure(part, Math.min(left, part.seconds()));
      if (outcome.failure().isPresent()) {
        failed.add(part.name());
      }
      outcomes.add(outcome);
      after.part(List.copyOf(outcomes));
      removeUnused(parts.subList(i + 1, parts.size()), part);
    }
    return outcomes;
  }

  private Outcome measure(GoalPart part, long seconds) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(part.arguments());
    part.weights()
        .ifPresent(name -> arguments.addAll(List.of("--weights", weights(name).toString())));
    Path out = folder.resolve(part.name() + ".json");
    Path err = folder.resolve(part.name() + ".txt");
    long start = System.nanoTime();
    ProcessBuilder builder =
        new ProcessBuilder(command.apply(arguments))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    if (part.scans()) {
      // What the launcher has set for training is inherited otherwise.
      LauncherSettings.leaveOut(builder.environment());
      builder.environment().putIfAbsent("OMP_WAIT_POLICY", "passive");
      builder.environment().putIfAbsent("MALLOC_MMAP_THRESHOLD_", SCAN_GIVEN_BACK_BYTES);
    }
    BoundProcess bound = BoundProcess.start(builder);
    Process process = bound.process();
    boolean ended;
    try {
      ended = process.waitFor(seconds, TimeUnit.SECONDS);
    } finally {
      // With the Pythons and memory's processes that it started.
      ProcessTree.of(process.toHandle()).kill();
      bound.release();
    }
    double took = (System.nanoTime() - start) / 1e9;
    if (!ended) {
      return failed(part, took, "it did not end within %d seconds".formatted(seconds));
    }
    if (process.exitValue() != 0) {
      return failed(part, took, lastLine(err, "it ended with " + process.exitValue()));
    }
    try {
      JsonNode figures = JSON.readTree(Written.text(out));
      if (figures.has("cases") && figures.path("cases").isEmpty()) {
        return failed(part, took, leftOut(err));
      }
      return new Outcome(part, took, Optional.of(figures), Optional.empty());
    } catch (JsonProcessingException e) {
      return failed(part, took, "what it printed is no JSON");
    }
  }

  private static Outcome failed(GoalPart part, double seconds, String why) {
    return new Outcome(part, seconds, Optional.empty(), Optional.of(why));
  }

  private static String lastLine(Path err, String otherwise) throws IOException {
    List<String> lines = Written.lines(err);
    return lines.isEmpty() ? otherwise : PlainText.of(lines.get(lines.size() - 1));
  }

  /** What is said of the only case, before the rounds in which there is none. */
  private static String leftOut(Path err) throws IOException {
    return Written.lines(err).stream()
        .filter(line -> line.contains(" is left out: "))
        .map(PlainText::of)
        .findFirst()
        .orElse("it measured nothing");
  }

  private Path weights(String name) {
    return folder.resolve("weights-" + name);
  }

  /** The weights of large models are not kept longer than they are needed. */
  private void removeUnused(List<GoalPart> toCome, GoalPart done) throws IOException {
    if (done.weights().isEmpty()
        || toCome.stream().anyMatch(part -> part.weights().equals(done.weights()))) {
      return;
    }
    Path weights = weights(done.weights().get());
    if (Files.exists(weights)) {
      try (Stream<Path> files = Files.walk(weights)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
