package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.DataCounts;
import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.reports.DataFile;
import dev.polyphase.reports.ModuleReport;
import dev.polyphase.reports.PhaseReport;
import dev.polyphase.reports.PhaseTotals;
import dev.polyphase.reports.Report;
import dev.polyphase.reports.RescanReport;
import dev.polyphase.reports.RowCounts;
import dev.polyphase.reports.Setting;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Fills a report from the files of a run. */
final class RunReport {
  private static final DateTimeFormatter MINUTES =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final RunFolder run;
  private final Pipeline pipeline;

  private RunReport(RunFolder run, Pipeline pipeline) {
    this.run = run;
    this.pipeline = pipeline;
  }

  /**
   * The report of a run in whatever state it is.
   *
   * @throws InputException where its files contradict each other
   */
  static Report of(RunFolder run, Pipeline pipeline, RunState state) throws IOException {
    RunReport reading = new RunReport(run, pipeline);
    List<PhaseReport> phases = new ArrayList<>();
    Optional<Checkpoint> weights = Optional.empty();
    for (int i = 0; i < state.phases().size(); i++) {
      PhaseState phase = state.phases().get(i);
      PhaseFolder folder = run.phase(i, phase.name());
      weights = latestWeights(phase, folder, weights);
      phases.add(reading.phase(phase, folder, weights, true));
    }
    return reading.report(state, phases);
  }

  /**
   * The report of a run that a process may be working on: of a phase whose files can't be read,
   * since they are being written or were damaged, it says no more than that it has begun.
   *
   * @param figures whether the figures of a phase that trains are read too, which become more
   */
  static Report asFarAsReadable(RunFolder run, Pipeline pipeline, RunState state, boolean figures) {
    RunReport reading = new RunReport(run, pipeline);
    List<PhaseReport> phases = new ArrayList<>();
    Optional<Checkpoint> weights = Optional.empty();
    for (int i = 0; i < state.phases().size(); i++) {
      PhaseState phase = state.phases().get(i);
      PhaseFolder folder = run.phase(i, phase.name());
      try {
        weights = latestWeights(phase, folder, weights);
        phases.add(reading.phase(phase, folder, weights, figures));
      } catch (IOException | RuntimeException e) {
        phases.add(PhaseReport.unreadable(phase.name(), phase.type(), settingsByKey(phase)));
      }
    }
    return reading.report(state, phases);
  }

  private Report report(RunState state, List<PhaseReport> phases) {
    return new Report(
        state.name(),
        baseModel(pipeline),
        MINUTES.format(Instant.parse(state.started())),
        state.polyphase(),
        phases);
  }

  /** The weights a phase left, or where they are gone or not there yet, those of one before. */
  private static Optional<Checkpoint> latestWeights(
      PhaseState state, PhaseFolder folder, Optional<Checkpoint> before) throws IOException {
    return state.finished() && Files.isDirectory(folder.model())
        ? Optional.of(Checkpoint.open(folder.model()))
        : before;
  }

  private PhaseReport phase(
      PhaseState state, PhaseFolder folder, Optional<Checkpoint> weights, boolean withFigures)
      throws IOException {
    Targeting targeting = settings(state).trained().targeting();
    if (state.status() == PhaseState.Status.PENDING) {
      return PhaseReport.pending(
          state.name(), state.type(), words(targeting), settingsByKey(state));
    }
    ChosenModules chosen =
        targeting instanceof Targeting.Snr snr
            ? ChosenModules.scanned(folder, snr.rule().metric())
            : ChosenModules.unscanned(folder.decision(), weights);
    TrainingFigures figures =
        withFigures || state.finished()
            ? TrainingFigures.read(folder, settings(state).evaluation())
            : new TrainingFigures(List.of(), List.of());
    return new PhaseReport(
        state.name(),
        state.type(),
        words(targeting),
        state.finished() ? PhaseReport.Status.FINISHED : PhaseReport.Status.BEGUN,
        chosen.modules(),
        chosen.always(),
        rescans(folder),
        warnings(state),
        totals(state, folder, chosen, weights),
        figures.curves(),
        figures.heldOut(),
        MarginFigures.read(folder),
        settingsByKey(state),
        data(state));
  }

  private static List<RescanReport> rescans(PhaseFolder folder) throws IOException {
    List<RescanReport> rescans = new ArrayList<>();
    DecisionFolder before = folder.decision();
    for (Map.Entry<Long, DecisionFolder> rescan : folder.rescansDone().entrySet()) {
      MovedModules moved = MovedModules.between(before, rescan.getValue());
      rescans.add(new RescanReport(rescan.getKey(), moved.entered(), moved.left()));
      before = rescan.getValue();
    }
    return rescans;
  }

  private Phase settings(PhaseState state) {
    return pipeline.phases().stream()
        .filter(phase -> phase.name().equals(state.name()))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    run.pipelineYaml()
                        + " has no phase "
                        + state.name()
                        + ", but run.json has; run the pipeline again"));
  }

  private @Nullable PhaseTotals totals(
      PhaseState state, PhaseFolder folder, ChosenModules chosen, Optional<Checkpoint> weights) {
    @Nullable PhaseResult result = state.result();
    if (result == null) {
      return null;
    }
    Checkpoint model =
        weights.orElseThrow(
            () ->
                new InputException(
                    folder.model() + " is gone; the report counts the parameters in it"));
    return new PhaseTotals(
        chosen.modules().size(),
        chosen.modules().stream().filter(ModuleReport::selected).count(),
        model.tensors().stream().mapToLong(TensorInfo::elements).sum(),
        result.trainedValues(),
        result.savedValues(),
        result.changedValues(),
        result.steps(),
        result.tokens(),
        result.seconds(),
        result.data() == null ? null : rowCounts(result.data()),
        result.heldOut() == null ? null : rowCounts(result.heldOut()),
        datasets(result));
  }

  private static Map<String, RowCounts> datasets(PhaseResult result) {
    Map<String, RowCounts> counts = new LinkedHashMap<>();
    if (result.datasets() != null) {
      result.datasets().forEach((name, ofDataset) -> counts.put(name, rowCounts(ofDataset)));
    }
    return counts;
  }

  private static RowCounts rowCounts(DataCounts counts) {
    return new RowCounts(
        counts.read(),
        counts.kept(),
        counts.cut(),
        counts.dropped(),
        counts.withoutLoss(),
        counts.badRows(),
        counts.duplicates(),
        counts.alsoHeldOut(),
        counts.equal(),
        counts.tokens());
  }

  private List<String> warnings(PhaseState state) {
    @Nullable PhaseResult result = state.result();
    return result == null ? List.of() : PhaseWarnings.of(settings(state), result, pipeline);
  }

  private static String words(Targeting targeting) {
    if (targeting instanceof Targeting.Snr snr) {
      return RuleWords.of(snr.rule());
    }
    return targeting instanceof Targeting.Full ? "all parameters" : "parameters by name";
  }

  private static String baseModel(Pipeline pipeline) {
    return pipeline.baseModel() instanceof BaseModel.Existing existing
        ? existing.location()
        : "a new model";
  }

  private static List<Setting> settingsByKey(PhaseState state) {
    return new TreeMap<>(state.settings()).entrySet().stream().map(RunReport::setting).toList();
  }

  private static Setting setting(Map.Entry<String, String> entry) {
    return new Setting(entry.getKey(), entry.getValue());
  }

  private static List<DataFile> data(PhaseState state) {
    return new TreeMap<>(state.data())
        .entrySet().stream().map(file -> new DataFile(file.getKey(), file.getValue())).toList();
  }
}
