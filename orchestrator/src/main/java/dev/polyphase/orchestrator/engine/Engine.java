package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.RunOutcome.Interruption;
import dev.polyphase.orchestrator.engine.RunOutcome.Kind;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.events.RunEvent.PhaseChecking;
import dev.polyphase.orchestrator.events.RunEvent.RunEnded;
import dev.polyphase.orchestrator.events.RunEvent.RunStarted;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.orchestrator.store.KeptResult;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseFolder.KeptStep;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunHeldException;
import dev.polyphase.orchestrator.store.RunJournal;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.ModelMaker;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineWriter;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.rescanner.CachedSingularValues;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SpectrumCache;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs a pipeline: each phase takes the checkpoint that the one before it left. What training is,
 * only the {@link PhaseTrainer}s know.
 *
 * @param trainers the trainer of a phase
 * @param jobs what other engines may still have running of an earlier start
 * @param singularValues what a scan computes with, by device: that or the CPU, as is faster
 * @param knownSpectra what earlier scans computed, beside what the run keeps of its own; it is read
 *     alone
 * @param models where models are found
 * @param newModels makes those that begin with random weights
 * @param memory what the machine has
 * @param stop asks the run to stop
 * @param events hears how it goes
 * @param clock the time of what is logged
 * @param version the version of Polyphase
 */
public record Engine(
    Function<Phase, PhaseTrainer> trainers,
    OutlivingJobs jobs,
    Function<String, SingularValues> singularValues,
    List<SpectrumCache> knownSpectra,
    ModelFolders models,
    ModelMaker newModels,
    DeviceMemory.Gauge memory,
    StopSignal stop,
    RunEvents events,
    Clock clock,
    String version) {
  /** As sentences call it. */
  private static final String REPORT = "the report";

  private static final String RESUMED = "run_resumed";
  private static final String CPU = "cpu";

  /**
   * Runs a pipeline, resumes it, or finds it finished.
   *
   * @throws InputException where the input is wrong; nothing was written
   * @throws RunFailedException where the run had begun and failed; its state is saved
   */
  public RunOutcome run(RunRequest asked) throws IOException {
    RunRequest request = asked.with(models);
    RunFolder run = request.run();
    if (request.start() != Start.FRESH) {
      run.requireOwnFiles();
    }
    if (!run.holdsSomething()) {
      if (request.start() == Start.RESUME) {
        throw new InputException(
            "there is nothing to resume at " + run.path() + "; leave --resume out to begin");
      }
      return begin(request);
    }
    if (!Files.exists(run.runJson())) {
      throw new InputException(
          run.path() + " exists and is no run; choose another name or --output");
    }
    RunLock lock = RunLock.take(run);
    try (lock) {
      return request.start() == Start.FRESH ? begin(request) : resume(request);
    }
  }

  /**
   * What a run of the pipeline from its beginning would do. It makes the checks of {@link #run},
   * trains nothing, and writes nothing but what is kept of rows between commands.
   *
   * @return its phases, in order
   * @throws InputException with every problem of every phase
   */
  public List<PlannedPhase> plan(RunRequest asked) throws IOException {
    RunRequest request = asked.with(models);
    request.run().requireOwnFiles();
    try (StartingModel base = StartingModel.of(request, models, newModels)) {
      return planned(checked(request, 0, base));
    }
  }

  /** What is done with a phase whose rows are read. */
  @FunctionalInterface
  public interface Preview {
    /**
     * Takes it.
     *
     * @param phase the phase
     * @param model the folder with its tokenizer
     */
    void of(Phase phase, PreparedPhase prepared, Path model) throws IOException;
  }

  /**
   * Prepares the rows of some phases, one after the other. Trains nothing, and writes nothing but
   * what is kept of rows between commands.
   *
   * @param which the phases, by their places in the pipeline
   */
  public void preview(RunRequest request, List<Integer> which, Preview preview) throws IOException {
    List<Phase> phases = request.pipeline().phases();
    try (StartingModel base = StartingModel.of(request, models, newModels)) {
      Path model = base.checked();
      for (int index : which) {
        Phase phase = phases.get(index);
        events.tell(new PhaseChecking(index, phases.size(), phase.name()));
        preview.of(phase, prepared(request, index, base), model);
      }
    }
  }

  private PreparedPhase prepared(RunRequest request, int index, StartingModel base)
      throws IOException {
    try {
      return Preflight.prepared(
          request, index, base.checked(), ExpectedTarget.none(), trainers, events);
    } catch (InputException e) {
      throw base.asNamed(e);
    }
  }

  /**
   * Checks the phases from {@code from} on, and says what is odd about the model they start from.
   */
  private Deque<Preflight.Ready> checked(RunRequest request, int from, StartingModel start)
      throws IOException {
    List<Preflight.Ready> ready;
    try {
      ready = Preflight.check(request, from, start.checked(), trainers, events);
    } catch (InputException e) {
      throw start.asNamed(e);
    }
    Preflight.Ready first = ready.get(0);
    ready.set(0, first.with(start.warnings(planned(ready))));
    HeadTie.contradiction(Checkpoint.open(start.checked()))
        .ifPresent(problem -> events.warn(problem.toString()));
    return new ArrayDeque<>(ready);
  }

  private static List<PlannedPhase> planned(Collection<Preflight.Ready> phases) {
    return phases.stream().map(Preflight.Ready::planned).toList();
  }

  private RunOutcome begin(RunRequest request) throws IOException {
    try (StartingModel base = StartingModel.of(request, models, newModels)) {
      return begin(request, base);
    }
  }

  private RunOutcome begin(RunRequest request, StartingModel base) throws IOException {
    RunFolder run = request.run();
    Deque<Preflight.Ready> toCome = checked(request, 0, base);
    requireRoom(request, planned(toCome));

    // Nothing was written up to here.
    if (request.start() == Start.FRESH && run.holdsSomething()) {
      for (PhaseFolder phase : run.phaseFolders()) {
        jobs.end(phase);
      }
      events.say("the earlier run is now " + run.retire());
    }
    Files.createDirectories(run.path());
    RunLock lock = RunLock.take(run);
    try (lock) {
      if (Files.exists(run.runJson())) {
        throw new RunHeldException(
            run.path() + " was made by another process a moment ago; run the command again");
      }
      return runPhases(
          request,
          StartingState.of(request, clock, version),
          toCome,
          base,
          "run_started",
          List.of());
    }
  }

  private RunOutcome resume(RunRequest request) throws IOException {
    RunFolder run = request.run();
    EarlierRun earlier =
        EarlierRun.of(
            request,
            RunStore.read(run)
                .orElseThrow(() -> new InputException(run.path() + " has no run.json any more")));
    earlier.requireUnchanged();
    int finished = earlier.finished();
    int count = request.pipeline().phases().size();
    if (earlier.lacksNothing()) {
      Path model = modelThere(request, count - 1);
      events.say(run.path() + " is finished; --fresh starts it anew");
      return new RunOutcome(Kind.ALREADY_FINISHED, model);
    }
    try (StartingModel start =
        finished == 0
            ? StartingModel.of(request, models, newModels)
            : StartingModel.at(modelAfter(request, finished - 1))) {
      earlier.requireStart(start.weightsThatStay(request));
      if (finished > 0) {
        modelThere(request, finished - 1);
      }
      return resume(request, earlier, start);
    }
  }

  private RunOutcome resume(RunRequest request, EarlierRun earlier, StartingModel start)
      throws IOException {
    int finished = earlier.finished();
    Deque<Preflight.Ready> toCome =
        finished < request.pipeline().phases().size()
            ? checked(request, finished, start)
            : new ArrayDeque<>();
    requireRoom(request, planned(toCome));

    // Nothing was written up to here.
    List<String> sentences = earlier.sentences();
    sentences.addAll(earlier.makeRoom(jobs));
    sentences.forEach(events::say);
    RunState state = StartingState.of(request, earlier, clock, version);
    return runPhases(request, state, toCome, start, RESUMED, sentences);
  }

  /** Runs the phases, and tells how that ended, whatever way. */
  private RunOutcome runPhases(
      RunRequest request,
      RunState state,
      Deque<Preflight.Ready> toCome,
      StartingModel start,
      String event,
      List<String> notes)
      throws IOException {
    events.tell(new RunStarted(event.equals(RESUMED), request.pipeline().phases().size()));
    RunOutcome outcome;
    try {
      outcome = trainPhases(request, state, toCome, start, event, notes);
    } catch (IOException | RuntimeException | Error e) {
      events.tell(new RunEnded(RunState.Status.FAILED, text(e)));
      throw e;
    }
    @Nullable Interruption interruption = outcome.interruption();
    events.tell(
        interruption == null
            ? new RunEnded(RunState.Status.FINISHED, null)
            : new RunEnded(RunState.Status.INTERRUPTED, interruption.sentence("the same command")));
    return outcome;
  }

  private RunOutcome trainPhases(
      RunRequest request,
      RunState state,
      Deque<Preflight.Ready> toCome,
      StartingModel start,
      String event,
      List<String> notes)
      throws IOException {
    RunFolder run = request.run();
    Pipeline pipeline = request.pipeline();
    List<PlannedPhase> planned = planned(toCome);
    int from = pipeline.phases().size() - planned.size();
    List<List<String>> warnings = warnings(planned);
    if (!planned.isEmpty()) {
      PlannedPhase.computeOf(planned).forEach(events::say);
      warnings.forEach(ofPhase -> ofPhase.forEach(events::warn));
    }
    stop.listen();
    try (RunJournal journal = RunJournal.open(run, state, event, clock, events::warn)) {
      SideFiles files = sideFiles(journal);
      notes.forEach(journal::note);
      for (int i = 0; i < warnings.size(); i++) {
        for (String warning : warnings.get(i)) {
          journal.note(from + i, warning);
        }
      }
      try (RunScans scans = scans(run, planned)) {
        AtomicFiles.writeString(run.pipelineYaml(), PipelineWriter.toYaml(pipeline));
        PhaseRunner runner = new PhaseRunner(request, journal, events, stop, files);
        for (int i = 0; i < from; i++) {
          // Of a phase whose process was killed, or whose card could not be written.
          Optional<KeptResult> kept =
              KeptResult.read(run.phase(i, pipeline.phases().get(i).name()));
          if (kept.isPresent()) {
            runner.makeGood(i, kept.get());
          }
        }
        Path checkpoint = start.weights(request);
        for (int i = from; i < pipeline.phases().size(); i++) {
          // What is kept of the rows of a phase that is done, some numbers of each, is let go of.
          runner.run(i, toCome.removeFirst(), checkpoint, scans);
          files.retry();
          files.write(REPORT, reportRemedy(run), report(request, journal));
          checkpoint = modelAfter(request, i);
        }
        lastFiles(request, journal, files);
        end(journal, RunState.Status.FINISHED, files.missing());
        if (files.missing() == null) {
          clear(journal.state(), runner);
        }
        return new RunOutcome(Kind.FINISHED, checkpoint);
      } catch (InterruptedTrainingException e) {
        lastFiles(request, journal, files);
        end(journal, RunState.Status.INTERRUPTED, e.getMessage());
        return new RunOutcome(
            Kind.INTERRUPTED,
            modelAfter(request, pipeline.phases().size() - 1),
            new Interruption(e.step(), newestOf(request, journal.state())));
      } catch (InputException | TrainingFailedException e) {
        // Preflight has passed: the input changed under the run, and something was written.
        recordFailure(request, journal, files, e);
        throw new RunFailedException(text(e), e);
      } catch (IOException | RuntimeException | Error e) {
        recordFailure(request, journal, files, e);
        throw e;
      }
    }
  }

  /** What is kept of the phase that is not finished, if there is something. */
  private static @Nullable KeptStep newestOf(RunRequest request, RunState state)
      throws IOException {
    int next = state.finishedPhases();
    return next == state.phases().size()
        ? null
        : request
            .run()
            .phase(next, state.phases().get(next).name())
            .newestCheckpoint()
            .orElse(null);
  }

  /**
   * Refuses, before the first phase, what would fail at a later one.
   *
   * @throws InputException naming each phase that needs more memory than there is, and what is
   *     lacking on the disk
   * @throws NoRoomException where it is the disk alone
   */
  private void requireRoom(RunRequest request, List<PlannedPhase> planned) throws IOException {
    if (planned.isEmpty()) {
      return;
    }
    DeviceMemory device = memory.of(PlannedPhase.devicesOf(planned));
    List<Problem> problems = new ArrayList<>();
    planned.forEach(
        phase ->
            device.refusal(phase).ifPresent(refusal -> problems.add(new Problem(null, refusal))));
    Optional<String> lack = RunDisk.of(request, planned).lack();
    if (lack.isPresent() && problems.isEmpty()) {
      throw new NoRoomException(lack.get());
    }
    lack.ifPresent(sentence -> problems.add(new Problem(null, sentence)));
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  /** Of each phase to come. */
  private List<List<String>> warnings(List<PlannedPhase> planned) throws IOException {
    if (planned.isEmpty()) {
      return List.of();
    }
    DeviceMemory device = memory.of(PlannedPhase.devicesOf(planned));
    return planned.stream().map(phase -> PhaseWarnings.of(phase, device)).toList();
  }

  /** On the GPU that phases train on or the CPU, as is faster; while they train on the CPU. */
  private RunScans scans(RunFolder run, List<PlannedPhase> planned) {
    Optional<String> gpu =
        PlannedPhase.devicesOf(planned).stream()
            .map(DeviceNeed::device)
            .filter(device -> !device.equals(CPU))
            .findFirst();
    SingularValues beforePhases = cached(run, gpu.orElse(CPU));
    return new RunScans(beforePhases, gpu.isPresent() ? cached(run, CPU) : beforePhases);
  }

  /**
   * Tensors that the phase before left as they were are not decomposed again, nor are those that
   * were scanned before the run. What it finds is not copied, and what it computes goes into its
   * own folder: of weights that are on their way there is no end.
   */
  private SingularValues cached(RunFolder run, String device) {
    return new CachedSingularValues(
        singularValues.apply(device), new SpectrumCache(run.spectra()), knownSpectra, events::warn);
  }

  /** What is written beside the models; a warning about it is one like others. */
  private SideFiles sideFiles(RunJournal journal) {
    return new SideFiles(
        sentence -> {
          journal.note(sentence);
          events.warn(sentence);
        });
  }

  private static SideFiles.Writing report(RunRequest request, RunJournal journal) {
    return () -> ReportFiles.write(request.run(), request.pipeline(), journal.state());
  }

  private static String reportRemedy(RunFolder run) {
    return "polyphase report " + run.path() + " makes it";
  }

  /** Of each phase what its end left because something had to wait. */
  private static void clear(RunState state, PhaseRunner runner) {
    for (int i = 0; i < state.phases().size(); i++) {
      @Nullable PhaseResult result = state.phases().get(i).result();
      if (result != null) {
        runner.clear(i, result.steps());
      }
    }
  }

  /** The report of how the run ended, and what still waits. */
  private static void lastFiles(RunRequest request, RunJournal journal, SideFiles files) {
    files.later(REPORT, reportRemedy(request.run()), report(request, journal));
    files.end();
  }

  /**
   * Says in {@code run.json} how the run ended.
   *
   * @throws RunFailedException where it can't be said: whoever looks for it would not know
   */
  private static void end(RunJournal journal, RunState.Status status, @Nullable String message) {
    try {
      journal.ended(status, message);
    } catch (IOException e) {
      RunState state = journal.state();
      throw new RunFailedException(
          "%s; the models of %d of %d phases are kept, and once it can be written the same command goes on from there"
              .formatted(FailureText.cause(e), state.finishedPhases(), state.phases().size()),
          e);
    }
  }

  /** The failure itself is what the user must hear of, not that it could not be recorded. */
  private static void recordFailure(
      RunRequest request, RunJournal journal, SideFiles files, Throwable failure) {
    try {
      journal.ended(RunState.Status.FAILED, text(failure));
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    lastFiles(request, journal, files);
  }

  private static String text(Throwable failure) {
    return FailureText.of(failure, "the run");
  }

  private static Path modelAfter(RunRequest request, int index) {
    return request.run().phase(index, request.pipeline().phases().get(index).name()).model();
  }

  /**
   * The model of a finished phase.
   *
   * @throws InputException where it, or a part of it, is gone
   */
  private static Path modelThere(RunRequest request, int index) throws IOException {
    Path model = modelAfter(request, index);
    if (!Files.isDirectory(model)) {
      throw new InputException(
          Place.in(model.toString()),
          "this model is gone, though the phase "
              + request.pipeline().phases().get(index).name()
              + " is finished; put it back, or start the run anew with --fresh");
    }
    Checkpoint.open(model);
    return model;
  }
}
