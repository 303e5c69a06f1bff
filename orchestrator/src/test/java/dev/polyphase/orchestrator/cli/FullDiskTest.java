package dev.polyphase.orchestrator.cli;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.SmallDisk;
import dev.polyphase.orchestrator.cli.WatchedBackend.Moments;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvent.Noted;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.StampedEvent;
import dev.polyphase.orchestrator.log.RunLog;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs of three phases whose disk is full at some moment. Whatever could not be written, nothing
 * that is trained is lost, and where there is room again the same command leaves the weights of a
 * run that nothing disturbed.
 */
class FullDiskTest {
  private static final String PIPELINE =
      """
      name: full
      base_model: tiny-llama
      device: cpu
      defaults:
        sequence_len: 48
        micro_batch_size: 2
        learning_rate: 1e-2
      phases:
        - {name: foundation, type: sft, targeting: {top_percent: 50, always_train: []},
           datasets: [{path: text.jsonl}]}
        - {name: refinement, type: sft, targeting: {top_percent: 50, always_train: []},
           datasets: [{path: text.jsonl}], rescan_every: 2}
        - {name: alignment, type: dpo, targeting: {top_percent: 34, always_train: []},
           datasets: [{path: pairs.jsonl}]}
      """;
  private static final List<String> PHASES = List.of("foundation", "refinement", "alignment");
  private static final String NO_ROOM = ": there is no room left on its disk";

  @TempDir static Path folder;
  private static Map<String, String> undisturbed = Map.of();

  @TempDir Path mountPoint;
  private SmallDisk disk;
  private Path run;

  /** The steps that were taken in a phase by the latest command. */
  private final Map<String, Integer> steps = new TreeMap<>();

  @BeforeAll
  static void undisturbedRun() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    StringBuilder text = new StringBuilder();
    StringBuilder pairs = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String sentence = "The moon pulls the sea towards it. ".repeat(i % 3 + 1) + i;
      text.append("{\"text\": \"%s\"}%n".formatted(sentence));
      pairs.append(
          "{\"prompt\": \"Say %d:\", \"chosen\": \" %s\", \"rejected\": \" no\"}%n"
              .formatted(i, sentence));
    }
    Files.writeString(folder.resolve("text.jsonl"), text);
    Files.writeString(folder.resolve("pairs.jsonl"), pairs);
    Files.writeString(folder.resolve("full.yaml"), PIPELINE);
    Path runs = folder.resolve("runs");
    Polyphase.Ended ended =
        Polyphase.execute("run", folder.resolve("full.yaml").toString(), "-o", runs.toString());
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    undisturbed = weights(runs.resolve("full"));
  }

  @BeforeEach
  void mount() throws IOException {
    disk = SmallDisk.mount(mountPoint, 16 << 20);
    run = mountPoint.resolve("runs/full");
  }

  @AfterEach
  void unmount() throws IOException {
    if (disk != null) {
      disk.close();
    }
  }

  @Test
  void aDiskThatIsFullFromTheBeginningIsWrongInput() throws IOException {
    disk.fill();

    Polyphase.Ended refused = run(new Moments() {});

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.messages())
        .contains(run + " needs ", " more on its disk, which has 0.0 MiB free: phase foundation ");
    assertThat(mountPoint.resolve("runs")).doesNotExist();
    endsWellWithRoom();
  }

  @Test
  void spectraThatCanNotBeKeptAreComputedAgain() throws IOException {
    Polyphase.Ended ended =
        run(
            new Moments() {
              private int matrices;

              @Override
              public void decomposing() {
                matrices++;
                if (matrices == 5) {
                  disk.fill();
                } else if (matrices == 9) {
                  disk.makeRoom();
                }
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.messages())
        .containsOnlyOnce("what is scanned can't be kept in " + run.resolve(".cache/spectra"));
    assertWhole();
  }

  @Test
  void aScanThatCanNotBeWrittenIsMadeAgain() throws IOException {
    Polyphase.Ended failed =
        run(
            new Moments() {
              private boolean trained;

              @Override
              public void trained(String phase) {
                trained = true;
              }

              @Override
              public void decomposing() {
                if (trained) {
                  disk.fill();
                }
              }
            });

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.messages()).contains("phase-02-refinement/snr.json" + NO_ROOM);
    assertThat(steps).containsOnlyKeys("foundation");
    endsWellWithRoom();
    assertThat(steps).containsOnlyKeys("refinement", "alignment");
  }

  @Test
  void metricsAndEventsWaitForRoom() throws IOException {
    String twoPages = "x".repeat(2 * SmallDisk.PAGE);
    Polyphase.Ended ended =
        run(
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("alignment")) {
                  if (row.step() == 1) {
                    disk.fill();
                    listener.note(twoPages);
                  } else if (row.step() == row.totalSteps()) {
                    disk.makeRoom();
                  }
                }
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    for (Path file :
        List.of(
            run.resolve("events.jsonl"),
            run.resolve("log.jsonl"),
            run.resolve("phase-03-alignment/metrics.jsonl"))) {
      assertThat(ended.messages())
          .containsOnlyOnce(file + NO_ROOM + "; its lines wait in memory")
          .containsOnlyOnce(file + " can be written again, and has every line");
    }
    assertWhole();
    assertThat(figures(run)).isEqualTo(figures(folder.resolve("runs/full")));
    assertThat(events()).anyMatch(event -> event.path("message").asText().equals(twoPages));
    assertThat(events().get(events().size() - 1).path("event").asText()).isEqualTo("run_finished");
    List<StampedEvent> logged =
        Files.readAllLines(run.resolve("log.jsonl")).stream()
            .map(line -> RunLog.parse(line).orElseThrow())
            .toList();
    assertThat(logged).anyMatch(event -> event.event().equals(new Noted(Level.INFO, twoPages)));
    assertThat(logged.get(logged.size() - 1).event())
        .isEqualTo(new RunEnded(RunState.Status.FINISHED, null));
  }

  @Test
  void rescansWaitForRoom() throws IOException {
    Polyphase.Ended ended =
        run(
            new Moments() {
              private boolean refining;

              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                refining = phase.equals("refinement");
                if (refining && row.step() > 2) {
                  disk.makeRoom();
                }
              }

              @Override
              public void decomposing() {
                if (refining) {
                  disk.fill();
                }
              }

              @Override
              public void trained(String phase) {
                refining = false;
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.messages())
        .contains(
            "the rescan after step 2 of phase refinement can't be written now (",
            "the rescan after step 2 of phase refinement could be written after all");
    assertWhole();
    Path rescan = Path.of("phase-02-refinement/rescans/step-000002");
    for (String file : List.of("snr.json", "spectra.jsonl", "selection.yaml")) {
      assertSameBytes(
          run.resolve(rescan).resolve(file),
          folder.resolve("runs/full").resolve(rescan).resolve(file));
    }
  }

  @Test
  void aModelThatCanNotBeWrittenEndsTheRun() throws IOException {
    Polyphase.Ended failed =
        run(
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("refinement") && row.step() == row.totalSteps()) {
                  disk.fill();
                }
              }
            });

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.messages()).contains("phase-02-refinement/model/model.safetensors" + NO_ROOM);
    assertThat(run.resolve("phase-02-refinement/model")).doesNotExist();
    endsWellWithRoom();
    assertThat(steps).doesNotContainKey("foundation");
  }

  @Test
  void whatLiesBesideTheModelsWaitsForRoom() throws IOException {
    Polyphase.Ended ended =
        run(
            new Moments() {
              @Override
              public void trained(String phase) {
                if (phase.equals("refinement")) {
                  disk.fill();
                }
              }

              @Override
              public void decomposing() {
                disk.makeRoom();
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    // The trainer's state is there before the model.
    for (String file : List.of("the model card of phase refinement", "the report")) {
      assertThat(ended.messages())
          .containsOnlyOnce(file + " can't be written now (")
          .containsOnlyOnce(file + " could be written after all");
    }
    assertThat(ended.messages())
        .containsOnlyOnce(
            run.resolve("run.json")
                + NO_ROOM
                + "; the state of the run is written as soon as it can be, and all else goes on");
    assertWhole();
  }

  @Test
  void aRunThatCanNotSayThatItIsFinishedKeepsItsModels() throws IOException {
    Polyphase.Ended failed =
        run(
            new Moments() {
              @Override
              public void trained(String phase) {
                if (phase.equals("alignment")) {
                  disk.fill();
                }
              }
            });

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.messages())
        .contains(
            "\nthe model card of phase alignment could not be written (%s%s); the same command writes it\n"
                .formatted(run.resolve("phase-03-alignment/model/heatmap.png"), NO_ROOM),
            "\nthe report could not be written (%s%s); polyphase report %s makes it\n"
                .formatted(run.resolve("report/report.json"), NO_ROOM, run))
        .endsWith(
            run.resolve("run.json")
                + NO_ROOM
                + "; the models of 3 of 3 phases are kept, and once it can be written the same"
                + " command goes on from there\n");
    assertThat(weights(run)).isEqualTo(undisturbed);
    endsWellWithRoom();
    assertThat(steps).doesNotContainKeys("foundation", "refinement");
  }

  /** Some of them fit where older ones make room, and of others it is said that they do not. */
  @Test
  void checkpointsThatFindTheDiskFullEndNothing() throws IOException {
    Polyphase.Ended ended =
        run(
            "save_steps: 1",
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("alignment") && row.step() == 3) {
                  disk.fill();
                } else if (phase.equals("alignment") && row.step() == row.totalSteps()) {
                  disk.makeRoom();
                }
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertWhole();
  }

  /** A checkpoint is larger than a model here: the older one makes room for it. */
  @Test
  void olderCheckpointsMakeRoomForTheModel() throws IOException {
    Polyphase.Ended ended =
        run(
            "save_steps: 2, save_total_limit: 3",
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("foundation") && row.step() == row.totalSteps()) {
                  disk.fillBut(16 * SmallDisk.PAGE);
                }
              }

              @Override
              public void trained(String phase) {
                disk.makeRoom();
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertWhole();
  }

  @Test
  void olderCheckpointsMakeRoomForARescanToo() throws IOException {
    Polyphase.Ended ended =
        run(
            "save_steps: 1, save_total_limit: 3",
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("refinement") && row.step() == 4) {
                  disk.fill();
                } else if (phase.equals("refinement") && row.step() == 5) {
                  disk.makeRoom();
                }
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertWhole();
    assertThat(run.resolve("phase-02-refinement/rescans/step-000004/selection.yaml"))
        .isNotEmptyFile();
  }

  /** A checkpoint is smaller than a model here: the state of the last step is all that fits. */
  @Test
  void aModelThatCanNotBeWrittenIsWrittenLaterWithoutAStep() throws IOException {
    Polyphase.Ended failed =
        run(
            "save_steps: 2, save_total_limit: 3",
            new Moments() {
              @Override
              public void logging(String phase, MetricsRow row, PhaseListener listener) {
                if (phase.equals("alignment") && row.step() == row.totalSteps()) {
                  disk.fillBut(16 * SmallDisk.PAGE);
                }
              }
            });

    assertThat(failed.exitCode()).as(failed.messages()).isEqualTo(1);
    assertThat(failed.messages()).contains("phase-03-alignment/model", "there is no room left");
    endsWellWithRoom();
    assertThat(steps).isEmpty();
  }

  /** Whatever is written when this much room is used up. */
  @ParameterizedTest
  @CsvSource({
    "0, save_minutes: 0",
    "1, save_steps: 1",
    "8, save_minutes: 0",
    "40, save_minutes: 0",
    "120, save_steps: 1",
    "200, save_minutes: 0",
    "300, save_steps: 1",
    "500, save_minutes: 0",
    "700, save_steps: 1",
    "900, save_steps: 1",
    "1400, save_steps: 1",
  })
  void roomThatEndsAnywhereCostsNoPhase(int pages, String saving) throws IOException {
    Polyphase.Ended ended =
        run(
            saving,
            new Moments() {
              private boolean filled;

              @Override
              public void decomposing() {
                if (!filled) {
                  filled = true;
                  disk.fillBut((long) pages * SmallDisk.PAGE);
                }
              }
            });

    assertThat(ended.exitCode()).as(ended.messages()).isIn(0, 1);
    List<String> done = finished();
    endsWellWithRoom();
    assertThat(PHASES.subList(done.size(), 3)).containsAll(steps.keySet());
  }

  private Polyphase.Ended run(Moments moments) {
    return run("save_minutes: 0", moments);
  }

  /** Keys of saving change nothing of what comes out. */
  private Polyphase.Ended run(String saving, Moments moments) {
    steps.clear();
    Moments counting =
        new Moments() {
          @Override
          public void decomposing() {
            moments.decomposing();
          }

          @Override
          public void logging(String phase, MetricsRow row, PhaseListener listener) {
            steps.merge(phase, 1, Integer::sum);
            moments.logging(phase, row, listener);
          }

          @Override
          public void trained(String phase) {
            moments.trained(phase);
          }
        };
    return Polyphase.execute(
        WatchedBackend.of(counting),
        // What others scanned would not be decomposed here.
        Map.of("POLYPHASE_HOME", folder.resolve("home").toString()),
        "run",
        yaml(saving),
        "--output",
        mountPoint.resolve("runs").toString());
  }

  private static String yaml(String saving) {
    Path file = folder.resolve("saving.yaml");
    try {
      return Files.writeString(
              file,
              PIPELINE.replace("learning_rate", saving.replace(", ", "\n  ") + "\n  learning_rate"))
          .toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void endsWellWithRoom() throws IOException {
    disk.makeRoom();
    Polyphase.Ended ended = run(new Moments() {});
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertWhole();
  }

  /** As a run that nothing disturbed leaves it. */
  private void assertWhole() throws IOException {
    assertThat(weights(run)).isEqualTo(undisturbed);
    assertThat(Polyphase.json(run.resolve("run.json")).path("status").asText())
        .isEqualTo("finished");
    assertThat(finished()).isEqualTo(PHASES);
    JsonNode report = Polyphase.json(run.resolve("report/report.json"));
    assertThat(report.path("phases").findValuesAsText("status"))
        .hasSize(3)
        .containsOnly("finished");
    for (int i = 0; i < PHASES.size(); i++) {
      Path phase = run.resolve("phase-0" + (i + 1) + "-" + PHASES.get(i));
      assertThat(phase.resolve("model/README.md")).content().contains("# full, " + PHASES.get(i));
      assertThat(phase.resolve("model/heatmap.png")).isNotEmptyFile();
      assertThat(phase.resolve("trainer_state.json")).isNotEmptyFile();
    }
    for (Path file : List.of(run.resolve("report/index.html"), run.resolve("report/heatmap.png"))) {
      assertThat(file).isNotEmptyFile();
    }
  }

  private List<String> finished() throws IOException {
    List<String> names = new ArrayList<>();
    for (JsonNode phase : Polyphase.json(run.resolve("run.json")).path("phases")) {
      if (phase.path("status").asText().equals("finished")) {
        names.add(phase.path("name").asText());
      }
    }
    return names;
  }

  /** A digest of each model's weights. */
  private static Map<String, String> weights(Path run) throws IOException {
    Map<String, String> weights = new TreeMap<>();
    for (int i = 0; i < PHASES.size(); i++) {
      String file = "phase-0%d-%s/model/model.safetensors".formatted(i + 1, PHASES.get(i));
      weights.put(file, sha256(Files.readAllBytes(run.resolve(file))));
    }
    return weights;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** The rows of the last phase, without what the clock says. */
  private static List<String> figures(Path run) throws IOException {
    Pattern clock = Pattern.compile("\"(tokens_per_second|[a-z_]*runtime)\":[0-9.eE+-]+,?");
    return Files.readAllLines(run.resolve("phase-03-alignment/metrics.jsonl")).stream()
        .map(line -> clock.matcher(line).replaceAll(""))
        .toList();
  }

  private List<JsonNode> events() throws IOException {
    return Files.readAllLines(run.resolve("events.jsonl")).stream().map(Polyphase::parse).toList();
  }
}
