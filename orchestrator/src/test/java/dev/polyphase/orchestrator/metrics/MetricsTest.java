package dev.polyphase.orchestrator.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.polyphase.orchestrator.log.RunLog;
import dev.polyphase.orchestrator.machine.GpuLoad;
import dev.polyphase.orchestrator.metrics.Exposition.Family;
import dev.polyphase.orchestrator.store.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
  @TempDir Path folder;

  @Test
  void whatIsExposedIsTheTable() {
    Map<String, Family> ours;
    try (Metrics metrics = EventfulRun.metrics(folder)) {
      ours = new TreeMap<>(Exposition.of(metrics.scrape()).families());
    }
    ours.keySet().removeIf(name -> !name.startsWith("polyphase_"));

    Map<String, String> exposed = new TreeMap<>();
    ours.forEach(
        (name, family) ->
            exposed.put(name, family.type() + " " + family.labels() + " " + family.help()));
    Map<String, String> table = new TreeMap<>();
    for (Metric metric : Metric.values()) {
      Set<String> labels =
          metric.labels().stream()
              .map(Metric.Label::word)
              .collect(Collectors.toCollection(TreeSet::new));
      table.put(metric.prometheusName(), metric.type().word() + " " + labels + " " + metric.help());
    }
    assertThat(exposed).isEqualTo(table);
  }

  @Test
  void unitsAreInTheNames() {
    for (Metric metric : Metric.values()) {
      String end =
          switch (metric.unit()) {
            case NONE -> "";
            case SECONDS, BYTES, RATIO -> "_" + metric.unit().word();
          };
      assertThat(metric.prometheusName()).endsWith(end).matches("polyphase(_[a-z]+)+");
      assertThat(metric.help()).matches("[A-Z0-9].*\\.");
      if (metric.unit() == Metric.Unit.NONE) {
        assertThat(metric.prometheusName()).doesNotEndWith("_seconds").doesNotEndWith("_bytes");
      }
    }
    assertThat(Arrays.stream(Metric.values()).map(Metric::prometheusName)).doesNotHaveDuplicates();
  }

  @Test
  void figuresFollowWhatHappened() {
    try (Metrics metrics = new Metrics(List::of, () -> 0)) {
      EventfulRun run = new EventfulRun("three", metrics.runs());
      run.begin();

      Map<String, Double> ours = Exposition.of(metrics.scrape()).ours();
      String one = " phase=one run=three";
      assertThat(ours)
          .contains(
              entry("polyphase_run_running run=three", 1.0),
              entry("polyphase_run_phases run=three", 2.0),
              entry("polyphase_run_failures_total run=three", 0.0),
              entry("polyphase_run_warnings_total run=three", 1.0),
              entry("polyphase_phase_index phase=one run=three type=sft", 1.0),
              // It was at its third; an interruption does not make steps twice.
              entry("polyphase_train_steps_total" + one, 2.0),
              entry("polyphase_train_tokens_total" + one, 200.0),
              entry("polyphase_train_planned_steps" + one, 5.0),
              entry("polyphase_train_loss" + one, 1.0),
              entry("polyphase_train_grad_norm" + one, 1.25),
              entry("polyphase_train_learning_rate" + one, 1e-4),
              entry("polyphase_eval_loss" + one, 1.5),
              entry("polyphase_scan_modules" + one, 2.0),
              entry("polyphase_scan_modules_done" + one, 2.0),
              entry("polyphase_scan_seconds_count" + one, 1.0),
              entry("polyphase_scan_seconds_sum" + one, 1.0),
              entry("polyphase_checkpoint_seconds_count" + one, 1.0),
              entry("polyphase_checkpoint_seconds_sum" + one, 0.25),
              entry("polyphase_checkpoint_bytes" + one, 1024.0),
              // The first step of a process has no beginning; of the second, the checkpoint has.
              entry("polyphase_train_step_seconds_count" + one, 1.0),
              entry("polyphase_train_step_seconds_sum" + one, 0.5),
              entry(
                  "polyphase_run_last_progress_timestamp_seconds run=three",
                  (double) EventfulRun.BEGAN.getEpochSecond() + 6.5));
    }
  }

  @Test
  void aPhaseThatIsOverShowsOnlyWhatWasCounted() {
    try (Metrics metrics = EventfulRun.metrics(folder)) {
      Map<String, Double> ours = Exposition.of(metrics.scrape()).ours();

      assertThat(ours.keySet().stream().filter(series -> series.contains("phase=one")))
          .containsExactlyInAnyOrder(
              "polyphase_train_steps_total phase=one run=three",
              "polyphase_train_tokens_total phase=one run=three",
              "polyphase_train_step_seconds_count phase=one run=three",
              "polyphase_train_step_seconds_sum phase=one run=three",
              "polyphase_scan_seconds_count phase=one run=three",
              "polyphase_scan_seconds_sum phase=one run=three",
              "polyphase_checkpoint_seconds_count phase=one run=three",
              "polyphase_checkpoint_seconds_sum phase=one run=three");
      assertThat(ours).containsEntry("polyphase_train_loss phase=two run=three", Double.NaN);
      assertThat(ours).containsEntry("polyphase_run_running run=three", 0.0);
      assertThat(ours).containsEntry("polyphase_run_failures_total run=three", 1.0);
    }
  }

  /** Another process sees what the run itself does. */
  @Test
  void theLogGivesTheSameFigures() throws IOException {
    Map<String, Double> ofRun;
    RunFolder run = new RunFolder(folder);
    try (Metrics metrics = new Metrics(List::of, () -> 0);
        RunLog log = new RunLog(run, () -> 0, note -> {})) {
      new EventfulRun("three", metrics.runs(), log).happen();
      ofRun = Exposition.of(metrics.scrape()).ours();
    }
    Map<String, Double> ofLog;
    try (Metrics metrics = new Metrics(List::of, () -> 0)) {
      for (String line : Files.readAllLines(run.logJsonl())) {
        metrics.runs().on(RunLog.parse(line).orElseThrow());
      }
      ofLog = Exposition.of(metrics.scrape()).ours();
    }

    assertThat(ofRun).hasSizeGreaterThan(30);
    // By this log's clock all happens in one second: of the steps it has those that something
    // else follows, and the time between two it can't know as well.
    ofRun.keySet().removeIf(series -> series.startsWith("polyphase_train_step_seconds"));
    ofLog.keySet().removeIf(series -> series.startsWith("polyphase_train_step_seconds"));
    assertThat(ofLog).isEqualTo(ofRun);
  }

  @Test
  void aRunThatIsForgottenIsShownNoMore() {
    try (Metrics metrics = new Metrics(List::of, () -> 0)) {
      Map<String, Double> before = Exposition.of(metrics.scrape()).ours();
      new EventfulRun("one", metrics.runs()).happen();
      Map<String, Double> one = Exposition.of(metrics.scrape()).ours();
      new EventfulRun("two \"quoted\"\n", metrics.runs()).happen();
      metrics.runs().forget("two \"quoted\"\n");
      assertThat(Exposition.of(metrics.scrape()).ours()).isEqualTo(one);
      metrics.runs().forget("one");
      metrics.runs().forget("one");

      assertThat(Exposition.of(metrics.scrape()).ours()).isEqualTo(before);
    }
  }

  @Test
  void gpusAreAskedForNoMoreThanOnceInFiveSeconds() {
    List<List<GpuLoad>> answers =
        new ArrayList<>(
            List.of(
                List.of(new GpuLoad(0, 1, 2, OptionalDouble.of(0.5))),
                List.of(new GpuLoad(0, 3, 4, OptionalDouble.empty())),
                List.of()));
    long[] nanos = {0};
    try (Metrics metrics = new Metrics(() -> answers.remove(0), () -> nanos[0])) {
      assertThat(Exposition.of(metrics.scrape()).ours())
          .containsOnly(
              entry("polyphase_gpu_memory_used_bytes gpu=0", 1.0),
              entry("polyphase_gpu_memory_total_bytes gpu=0", 2.0),
              entry("polyphase_gpu_utilization_ratio gpu=0", 0.5));
      nanos[0] = 4_999_999_999L;
      assertThat(Exposition.of(metrics.scrape()).ours())
          .containsEntry("polyphase_gpu_memory_used_bytes gpu=0", 1.0);
      nanos[0] = 5_000_000_000L;
      assertThat(Exposition.of(metrics.scrape()).ours())
          .containsOnly(
              entry("polyphase_gpu_memory_used_bytes gpu=0", 3.0),
              entry("polyphase_gpu_memory_total_bytes gpu=0", 4.0));
      nanos[0] = 10_000_000_000L;
      assertThat(Exposition.of(metrics.scrape()).ours()).isEmpty();
    }
  }

  @Test
  void theProcessIsShownToo() {
    try (Metrics metrics = new Metrics(List::of, () -> 0)) {
      metrics.disk(folder.resolve("not/there/yet"));

      Exposition shown = Exposition.of(metrics.scrape());
      assertThat(shown.families())
          .containsKeys(
              "jvm_memory_used_bytes",
              "jvm_threads_live_threads",
              "process_cpu_usage",
              "process_files_open_files",
              "process_uptime_seconds");
      assertThat(shown.ours().values()).hasSize(2).allMatch(bytes -> bytes > 0);
    }
  }
}
