package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.AddingTrainer;
import dev.polyphase.orchestrator.engine.Floats;
import dev.polyphase.phases.families.RandomModels;
import dev.polyphase.rescanner.SingularValues;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scans in parts, as several machines make them, and who finds what they leave. */
class ScanPartsTest {
  private static final int MODULES = 28;

  @TempDir Path folder;
  private final AtomicInteger computed = new AtomicInteger();

  /** How many matrices are computed before the computation fails. */
  private int lasts = Integer.MAX_VALUE;

  private Path model = Path.of("");

  @BeforeEach
  void copyModel() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
  }

  /** Two machines with homes of their own, of which only the spectra are shared. */
  @Test
  void aScanAfterItsPartsComputesNothingAndWritesTheSameBytes()
      throws IOException, InterruptedException, ExecutionException {
    assertIsDone(wholeScan("alone"));
    assertThat(computed.getAndSet(0)).isEqualTo(MODULES);

    Path shared = Files.createDirectories(folder.resolve("shared"));
    for (String machine : List.of("first", "second")) {
      Path cache = Files.createDirectories(folder.resolve(machine).resolve("cache"));
      Files.createSymbolicLink(cache.resolve("spectra"), shared);
    }
    ExecutorService machines = Executors.newFixedThreadPool(2);
    try {
      Future<Polyphase.Ended> first = machines.submit(() -> part("first", "1/2"));
      Future<Polyphase.Ended> second = machines.submit(() -> part("second", "2/2"));
      assertFilled(first.get(), "first", 1, 14, 0);
      assertFilled(second.get(), "second", 2, 14, 0);
    } finally {
      machines.shutdown();
    }
    assertThat(computed.getAndSet(0)).isEqualTo(MODULES);
    assertThat(namesIn(shared)).hasSize(MODULES);

    assertFilled(part("first", "2/2"), "first", 2, 0, 14);
    assertIsDone(wholeScan("second"));
    assertThat(computed).hasValue(0);
    assertThat(contents(folder.resolve("results-second")))
        .hasSize(3)
        .isEqualTo(contents(folder.resolve("results-alone")));
  }

  @Test
  void aRunFindsWhatWasScannedAndLeavesItAsItIs() throws IOException {
    assertFilled(part("home", "1/2"), "home", 1, 14, 0);
    assertFilled(part("home", "2/2"), "home", 2, 14, 0);
    Path shared = spectra("home");
    Map<String, String> before = contents(shared);
    computed.set(0);

    Polyphase.Ended ended = run();

    assertIsDone(ended);
    // Before the second phase the half that the first one trained, which the run keeps itself.
    assertThat(computed).hasValue(MODULES / 2);
    assertThat(namesIn(folder.resolve("runs/two/.cache/spectra")))
        .hasSize(MODULES / 2)
        .doesNotContainAnyElementsOf(before.keySet());
    assertThat(contents(shared)).isEqualTo(before);
    assertThat(ended.messages()).doesNotContain("damaged");
    String scanned = Files.readString(folder.resolve("runs/two/phase-01-one/snr.json"));
    assertIsDone(wholeScan("home"));
    assertThat(folder.resolve("results-home/snr_results_tiny-llama.json")).hasContent(scanned);
  }

  @Test
  void whatIsDamagedThereIsComputedByTheRunAndByTheNextScan() throws IOException {
    assertIsDone(part("home", "1/1"));
    Path shared = spectra("home");
    Map<String, String> before = contents(shared);
    Path damaged = shared.resolve(before.keySet().iterator().next());
    Files.writeString(damaged, "no spectrum");
    computed.set(0);

    Polyphase.Ended ended = run();

    assertIsDone(ended);
    assertThat(computed).hasValue(1 + MODULES / 2);
    assertThat(ended.messages()).containsOnlyOnce(damaged + " is damaged or can't be read; ");
    assertThat(damaged).hasContent("no spectrum");
    assertThat(folder.resolve("runs/two/.cache/spectra").resolve(damaged.getFileName())).exists();
    computed.set(0);

    Polyphase.Ended again = part("home", "1/1");
    assertFilled(again, "home", 1, 1, MODULES - 1);
    assertThat(again.messages()).containsOnlyOnce(damaged + " is damaged or can't be read; ");
    assertThat(contents(shared)).isEqualTo(before);
  }

  @Test
  void aPartThatEndsInTheMiddleGoesOnWhereItStopped() throws IOException {
    lasts = 5;
    assertThat(part("home", "1/2").exitCode()).isNotZero();
    assertThat(namesIn(spectra("home"))).hasSize(5);
    lasts = Integer.MAX_VALUE;

    assertFilled(part("home", "1/2"), "home", 1, 9, 5);
    assertThat(computed).hasValue(14);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "2", "2/", "/4", "1/2/3", "-1/4", "1.5/4", "1/9999999999"})
  void whatIsNoPartIsRefused(String part) {
    Polyphase.Ended ended = part("home", part);

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .isEqualTo(
            "polyphase scan: Invalid value for option '--part': '"
                + part
                + "' is no part of a scan; give K/N, as 2/4 for the second of four;"
                + " see: polyphase scan --help\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0/4", "5/4", "0/0"})
  void norIsOneThatThereCanNotBe(String part) {
    Polyphase.Ended ended = part("home", part);

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .hasLineCount(1)
        .contains("'" + part + "'", "parts are numbered from 1 to as many as there are");
    assertThat(spectra("home")).doesNotExist();
  }

  @Test
  void aPartHasNoResults() {
    Path results = folder.resolve("results");

    Polyphase.Ended ended =
        part("home", "1/2", "-o", results.toString(), "--top-percent", "25", "--force");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .isEqualTo(
            "a part of a scan has no results to write; keep -o, --top-percent, --force for the scan"
                + " without --part that comes after all parts\n");
    assertThat(computed).hasValue(0);
    assertThat(results).doesNotExist();
  }

  @Test
  void aPartThatNothingCanBeKeptOfIsNotBegun() throws IOException {
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(folder.resolve("home/cache"), "a file where the folder should be");

    Polyphase.Ended ended = part("home", "1/2");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages())
        .hasLineCount(1)
        .contains("the folder can't be made", folder.resolve("home/cache") + " is a file");
    assertThat(computed).hasValue(0);
  }

  private void assertFilled(
      Polyphase.Ended ended, String home, int number, int modules, int known) {
    assertIsDone(ended);
    int count = modules + known == MODULES ? 1 : 2;
    assertThat(ended.messages())
        .endsWith(
            """
            part %d of %d: %d of 28 matrices, of which %d were computed and %d there already, are in %s
            when all %d parts are there, the same command without --part computes nothing and writes the results
            """
                .formatted(number, count, modules + known, modules, known, spectra(home), count));
    assertThat(ended.results()).isEmpty();
  }

  private static void assertIsDone(Polyphase.Ended ended) {
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
  }

  private Polyphase.Ended part(String home, String part, String... more) {
    List<String> args = new ArrayList<>(List.of("scan", model.toString(), "--part", part));
    args.addAll(List.of(more));
    return polyphase(home, args.toArray(String[]::new));
  }

  private Polyphase.Ended wholeScan(String home) {
    Path results = folder.resolve("results-" + home);
    return polyphase(
        home,
        "scan",
        model.toString(),
        "-o",
        results.toString(),
        "--top-percent",
        "25",
        "--top-percent",
        "50");
  }

  private Polyphase.Ended run() throws IOException {
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n");
    Path pipeline = folder.resolve("two.yaml");
    Files.writeString(
        pipeline,
        """
        name: two
        base_model: tiny-llama
        output_dir: runs
        defaults:
          learning_rate: 0.5
          max_steps: 1
          datasets: [{path: a.jsonl}]
          targeting: {top_percent: 50, always_train: []}
        phases:
          - {name: one, type: sft}
          - {name: two, type: sft}
        """);
    return polyphase(
        "home", "run", pipeline.toString(), "--output", folder.resolve("runs").toString());
  }

  private Polyphase.Ended polyphase(String home, String... args) {
    SingularValues values = Floats.singularValues();
    Backend backend =
        new Backend(
            (phase, rows) -> new AddingTrainer(),
            engineFolder -> {},
            (device, orCpu, notes) ->
                tensor -> {
                  if (computed.get() == lasts) {
                    throw new IOException("the machine is taken away");
                  }
                  computed.incrementAndGet();
                  return values.of(tensor);
                },
            new RandomModels(),
            (modelFolder, rows, device, dtype, results) -> {});
    return Polyphase.execute(
        backend, Map.of("POLYPHASE_HOME", folder.resolve(home).toString()), args);
  }

  private Path spectra(String home) {
    return folder.resolve(home).resolve("cache").resolve("spectra");
  }

  private static List<String> namesIn(Path folder) throws IOException {
    return List.copyOf(contents(folder).keySet());
  }

  /** Names and bytes, each of which is one character. */
  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    List<Path> files;
    try (Stream<Path> listed = Files.list(folder)) {
      files = listed.toList();
    }
    for (Path file : files) {
      contents.put(
          file.getFileName().toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
    }
    return contents;
  }
}
