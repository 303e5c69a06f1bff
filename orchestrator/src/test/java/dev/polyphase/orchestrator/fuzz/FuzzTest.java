package dev.polyphase.orchestrator.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands on files that were changed, by a seed, in one place or in a few: each ends with 0 or 2,
 * with a bounded message in our own words, within ten seconds, and touches nothing that is not its
 * own. What a case is depends on the seed and its number alone; how many there are, on the time.
 *
 * <p>{@code -Dfuzz.seed=N}, {@code -Dfuzz.seconds=N}, {@code -Dfuzz.cases=N} and {@code
 * -Dfuzz.case=N} choose the seed, the time, the most cases, and a single one. What fails is kept in
 * {@code target/fuzz-failures}.
 */
class FuzzTest {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration CASE = Duration.ofSeconds(10);
  private static final int MOST_FAILURES = Integer.getInteger("fuzz.failures", 20);

  /** So that a faster machine does not try what no other has. */
  private static final int MOST_CASES = Integer.getInteger("fuzz.cases", 800);

  private static final Path KEPT = Path.of("target", "fuzz-failures").toAbsolutePath();

  private final long seed = Long.getLong("fuzz.seed", 11);
  private final long end =
      System.nanoTime() + Duration.ofSeconds(Long.getLong("fuzz.seconds", 60)).toNanos();
  private final List<String> failures = new ArrayList<>();

  @TempDir Path folder;

  @Test
  void whateverAFileHoldsIsReadOrRefused() throws IOException, InterruptedException {
    Workplace workplace = new Workplace(Files.createDirectories(folder.resolve("work")));
    workplace.make();
    Path messages = folder.resolve("messages.txt");
    Workplace.remove(KEPT);
    Files.createDirectories(KEPT);
    int only = Integer.getInteger("fuzz.case", -1);

    System.out.println("fuzz: seed " + seed);
    int number = Math.max(0, only);
    int cases = 0;
    FuzzProcess process = started(workplace, messages);
    try {
      do {
        FuzzProcess.Answer answer = process.run(number, CASE);
        if (answer.hung()) {
          // Once more, alone: the machine may have been busy.
          process.close();
          process = started(workplace, messages);
          answer = process.run(number, CASE);
        }
        cases++;
        if (!answer.wrong().isEmpty()) {
          keep(workplace, number, answer, messages);
        }
        if (answer.over()) {
          process.close();
          process = started(workplace, messages);
        }
        number++;
      } while (only < 0
          && cases < MOST_CASES
          && System.nanoTime() < end
          && failures.size() < MOST_FAILURES);
    } finally {
      process.close();
    }

    System.out.println("fuzz: %d cases of seed %d".formatted(cases, seed));
    assertThat(failures).as("kept in %s", KEPT).isEmpty();
  }

  private FuzzProcess started(Workplace workplace, Path messages)
      throws IOException, InterruptedException {
    FuzzProcess process = new FuzzProcess(workplace, seed, messages);
    String wrong = process.ready(START);
    assertThat(wrong).as(Files.readString(messages)).isEmpty();
    return process;
  }

  /** Keeps the changed file, beside what was done and what came of it. */
  private void keep(Workplace workplace, int number, FuzzProcess.Answer answer, Path messages)
      throws IOException {
    String said = answer.over() ? Files.readString(messages) : "";
    String name = "seed-%d-case-%d".formatted(seed, number);
    String text =
        """
        repeat it with -Dtest=FuzzTest -Dfuzz.seed=%d -Dfuzz.case=%d

        %s

        %s
        """
            .formatted(seed, number, answer.what(), answer.wrong() + "\n\n" + said);
    Files.writeString(KEPT.resolve(name + ".txt"), text, StandardCharsets.UTF_8);
    String file = answer.what().lines().findFirst().orElse("");
    Path changed = workplace.current().resolve(file);
    if (!file.isEmpty() && Files.isRegularFile(changed)) {
      Path copy = KEPT.resolve(name + "-" + changed.getFileName());
      Files.deleteIfExists(copy);
      Files.copy(changed, copy);
    }
    failures.add(name + ": " + Mutant.shown(answer.what() + ": " + answer.wrong()));
  }
}
