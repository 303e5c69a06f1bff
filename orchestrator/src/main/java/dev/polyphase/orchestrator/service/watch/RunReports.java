package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.engine.LiveReport;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.reports.HeatmapSvg;
import dev.polyphase.reports.Report;
import dev.polyphase.reports.ReportJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Reports of runs as of now. One is made when somebody asks for it and what it is made of has
 * changed, and then once for all who ask.
 */
public final class RunReports {
  private static final int MOST_KEPT = 64;

  /** What the figures of training cost to read is not asked of a run at every step. */
  private static final Duration FIGURES_EVERY = Duration.ofSeconds(5);

  private final Map<Path, Kept> kept =
      new LinkedHashMap<>(MOST_KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Kept> eldest) {
          return size() > MOST_KEPT;
        }
      };

  /** What was made of one run; whoever makes something of it holds its lock. */
  private static final class Kept {
    private String choices = "";
    private String json = "";
    private String svg = "";
    private String figures = "";
    private long figuresNanos;
    private @Nullable Report whole;
  }

  /**
   * The heatmap.
   *
   * @param tag changes when the picture may have
   * @param svg its text
   */
  public record Figure(String tag, String svg) {}

  /**
   * A text that changes when what a run chose or finished does; reads no more than file times.
   *
   * @throws InputException where there is nothing to be drawn yet: a run that begins writes its
   *     state before its pipeline
   */
  public String tag(RunFolder run) throws IOException {
    if (!Files.isRegularFile(run.pipelineYaml(), LinkOption.NOFOLLOW_LINKS)) {
      throw new InputException(run.path() + " holds no pipeline.yaml yet");
    }
    return stamp(run, state(run), false);
  }

  /** The heatmap of a run as it stands. */
  public Figure figure(RunFolder run) throws IOException {
    Kept one = of(run);
    synchronized (one) {
      bringUpToDate(run, one);
      return new Figure(one.choices, one.svg);
    }
  }

  /** The text of {@code report.json} of a run as it stands. */
  public String json(RunFolder run) throws IOException {
    Kept one = of(run);
    synchronized (one) {
      bringUpToDate(run, one);
      return one.json;
    }
  }

  /** The report with the figures of training, which may be some seconds old. */
  public Report whole(RunFolder run) throws IOException {
    Kept one = of(run);
    synchronized (one) {
      RunState state = state(run);
      String stamp = stamp(run, state, true);
      @Nullable Report report = one.whole;
      long now = System.nanoTime();
      if (report == null
          || (!stamp.equals(one.figures) && now - one.figuresNanos > FIGURES_EVERY.toNanos())) {
        report = LiveReport.whole(run, state);
        one.whole = report;
        one.figures = stamp;
        one.figuresNanos = now;
      }
      return report;
    }
  }

  private static void bringUpToDate(RunFolder run, Kept one) throws IOException {
    RunState state = state(run);
    String stamp = stamp(run, state, false);
    if (!stamp.equals(one.choices)) {
      Report report = LiveReport.choices(run, state);
      one.svg = HeatmapSvg.write(report);
      one.json = ReportJson.write(report);
      one.choices = stamp;
    }
  }

  private Kept of(RunFolder run) {
    synchronized (kept) {
      return kept.computeIfAbsent(run.path(), path -> new Kept());
    }
  }

  /** The state of a run. */
  public static RunState state(RunFolder run) throws IOException {
    return RunStore.read(run)
        .orElseThrow(() -> new InputException(run.path() + " holds no run.json"));
  }

  private static String stamp(RunFolder run, RunState state, boolean figures) {
    CRC32 digest = new CRC32();
    add(digest, run.runJson());
    for (int i = 0; i < state.phases().size(); i++) {
      PhaseState phase = state.phases().get(i);
      if (phase.status() != PhaseState.Status.PENDING) {
        PhaseFolder folder = run.phase(i, phase.name());
        add(digest, folder.decision().snrJson());
        add(digest, folder.decision().selectionYaml());
        add(digest, folder.path().resolve("rescans"));
        if (figures) {
          add(digest, folder.metricsJsonl());
        }
      }
    }
    return "%08x".formatted(digest.getValue());
  }

  private static void add(CRC32 digest, Path file) {
    String stamp;
    try {
      BasicFileAttributes read =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      stamp = read.size() + " " + read.lastModifiedTime() + ";";
    } catch (IOException e) {
      stamp = "-;";
    }
    digest.update(stamp.getBytes(StandardCharsets.UTF_8));
  }
}
