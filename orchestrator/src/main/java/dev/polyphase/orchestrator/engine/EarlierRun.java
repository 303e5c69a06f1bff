package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.orchestrator.engine.Settings.Change;
import dev.polyphase.orchestrator.store.KeptResult;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseFolder.KeptStep;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What an earlier start of a run left, and what a next one makes of it: finished phases stay as
 * they are, one that was begun goes on from its newest checkpoint, or with the job that an engine
 * has of it, and what has neither begins anew.
 */
final class EarlierRun {
  private final RunRequest request;
  private final RunState read;
  private final RunState state;
  private final int finished;
  private final Settings settings;
  private final Optional<KeptStep> newest;

  /**
   * Whether the phase goes on with the job of an engine that has no checkpoint yet. Nothing would
   * be lost with it: where anything has changed the phase begins anew.
   */
  private boolean jobGoesOn;

  private EarlierRun(
      RunRequest request,
      RunState read,
      RunState state,
      Optional<KeptStep> newest,
      boolean jobGoesOn) {
    this.request = request;
    this.read = read;
    this.state = state;
    this.finished = state.finishedPhases();
    this.settings = Settings.of(request.pipeline());
    this.newest = newest;
    this.jobGoesOn = jobGoesOn;
  }

  /**
   * Looks at a run's folder.
   *
   * @param read the state in {@code run.json}
   */
  static EarlierRun of(RunRequest request, RunState read) throws IOException {
    RunState state = withCompleteModel(request, read);
    int next = state.finishedPhases();
    if (next == state.phases().size()) {
      return new EarlierRun(request, read, state, Optional.empty(), false);
    }
    PhaseFolder folder = folder(request, state, next);
    Optional<KeptStep> newest = folder.newestCheckpoint();
    return new EarlierRun(request, read, state, newest, newest.isEmpty() && folder.holdsJob());
  }

  /** A model appears by one rename: where it is there the phase is done, whoever died then. */
  private static RunState withCompleteModel(RunRequest request, RunState read) throws IOException {
    int next = read.finishedPhases();
    if (next == read.phases().size()) {
      return read;
    }
    PhaseFolder folder = folder(request, read, next);
    Optional<KeptResult> kept = KeptResult.read(folder);
    return Files.isDirectory(folder.model()) && kept.isPresent()
        ? read.withPhase(
            next, read.phases().get(next).finished(kept.get().result()), read.updated())
        : read;
  }

  private static PhaseFolder folder(RunRequest request, RunState state, int index) {
    return request.run().phase(index, state.phases().get(index).name());
  }

  /** The state of the run; a phase whose model is complete is finished. */
  RunState state() {
    return state;
  }

  /** The number of finished phases. */
  int finished() {
    return finished;
  }

  /** Whether the first phase that is not finished goes on where it is. */
  boolean goesOn() {
    return newest.isPresent() || jobGoesOn;
  }

  /** Whether nothing is left to do, nor to write. */
  boolean lacksNothing() throws IOException {
    if (finished < request.pipeline().phases().size()
        || read.status() != RunState.Status.FINISHED
        || read.message() != null) {
      return false;
    }
    for (int i = 0; i < finished; i++) {
      if (Files.exists(folder(request, state, i).resultJson())) {
        return false;
      }
    }
    return true;
  }

  /**
   * Checks that settings and data are what they were: of finished phases when they were trained, of
   * one that goes on when it began.
   *
   * @throws InputException naming every key and file that changed
   */
  void requireUnchanged() throws IOException {
    List<Problem> problems = new ArrayList<>();
    for (int i = 0; i < finished; i++) {
      problems.addAll(
          ofPhase(i, SinceThen.finished(), "the finished phase %s is no longer in the pipeline"));
    }
    if (goesOn()) {
      List<Problem> ofBegun = ofBegun();
      if (jobGoesOn) {
        jobGoesOn = ofBegun.isEmpty();
      } else {
        problems.addAll(ofBegun);
      }
    }
    if (finished > 0) {
      problems.addAll(0, SinceThen.finished().ofSettings("", state.settings(), settings.shared()));
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  private List<Problem> ofBegun() throws IOException {
    SinceThen since = since();
    List<Problem> problems =
        new ArrayList<>(
            ofPhase(finished, since, "the phase %s, which was begun, is not the next any more"));
    if (finished == 0) {
      problems.addAll(since.ofSettings("", state.settings(), settings.shared()));
    }
    return problems;
  }

  private SinceThen since() {
    PhaseFolder folder = folder(request, state, finished);
    String kept =
        newest.map(KeptStep::path).map(Path::getParent).orElse(folder.engine()).toString();
    return SinceThen.begun(state.phases().get(finished).settings(), kept);
  }

  private List<Problem> ofPhase(int index, SinceThen since, String gone) throws IOException {
    PhaseState then = state.phases().get(index);
    List<Phase> phases = request.pipeline().phases();
    if (index >= phases.size()
        || (index == finished && !phases.get(index).name().equals(then.name()))) {
      return List.of(since.problem(gone.formatted(then.name())));
    }
    List<Problem> problems =
        new ArrayList<>(
            since.ofSettings(
                "phases." + then.name() + ".", then.settings(), settings.phases().get(index)));
    if (index == finished && problems.isEmpty()) {
      problems.addAll(ofReference(then, phases.get(index), since));
    }
    problems.addAll(since.ofData(then, DataFiles.digests(phases.get(index), request)));
    return problems;
  }

  /** Of the files of a reference that a phase in the middle still has to be compared with. */
  private List<Problem> ofReference(PhaseState then, Phase now, SinceThen since)
      throws IOException {
    Optional<Path> folder = StartFiles.referenceFolder(now, request);
    @Nullable List<PhaseState.StartFile> files = then.reference();
    if (folder.isEmpty() || files == null) {
      return List.of();
    }
    List<Problem> problems = new ArrayList<>();
    for (PhaseState.StartFile file : files) {
      StartFiles.change(folder.get(), file)
          .ifPresent(
              change ->
                  problems.add(
                      since.problem(
                          "the reference of phase %s is not what it was when the phase began: %s"
                              .formatted(then.name(), change))));
    }
    return problems;
  }

  /**
   * Checks that what the phase which is not finished was trained from is still there.
   *
   * @param start the folder of its weights; empty where they are made anew
   * @throws InputException naming each file that is not what it was
   */
  void requireStart(Optional<Path> start) throws IOException {
    if (finished == state.phases().size() || start.isEmpty() || !(goesOn() || died())) {
      return;
    }
    PhaseState phase = state.phases().get(finished);
    List<PhaseState.StartFile> files = phase.start() == null ? List.of() : phase.start();
    List<Problem> problems = new ArrayList<>();
    for (PhaseState.StartFile then : files) {
      Path file = start.get().resolve(then.name());
      // Other values of a model that is whole are no matter for a phase that begins anew.
      if (goesOn() || !Files.isRegularFile(file) || Files.size(file) != then.bytes()) {
        StartFiles.change(start.get(), then)
            .ifPresent(change -> problems.add(new Problem(null, notThere(phase.name(), change))));
      }
    }
    if (jobGoesOn && !problems.isEmpty()) {
      jobGoesOn = false;
      requireStart(start);
      return;
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
  }

  private String notThere(String phase, String change) {
    String head =
        died()
            ? "an earlier process of this run ended without a word in phase %s, and what it was training from is not what it was: "
            : "what phase %s began with is not what it was: ";
    return head.formatted(phase)
        + change
        + "; "
        + (goesOn() ? since().remedy() : "put it back, or start the run anew with --fresh");
  }

  /** Whether a process ended that could not say how. */
  private boolean died() {
    return read.status() == RunState.Status.RUNNING;
  }

  /** What a user should know of all that, a sentence each. */
  List<String> sentences() throws IOException {
    List<String> sentences = new ArrayList<>();
    if (died()) {
      sentences.add("an earlier process of this run ended without a word " + where());
    }
    if (finished > read.finishedPhases()) {
      sentences.add(
          "phase %s is not trained again: its model is complete"
              .formatted(state.phases().get(finished - 1).name()));
    }
    if (finished < state.phases().size()) {
      failedStep().ifPresent(sentences::add);
    }
    if (goesOn()) {
      takenOver().ifPresent(sentences::add);
    }
    String phases =
        "resuming %s after %d of %d phases"
            .formatted(request.run().path(), finished, request.pipeline().phases().size());
    sentences.add(
        newest
            .map(
                kept ->
                    "%s, phase %s after step %s"
                        .formatted(
                            phases,
                            state.phases().get(finished).name(),
                            Numbers.whole(kept.step())))
            .orElse(
                jobGoesOn
                    ? "%s, phase %s with its job in %s"
                        .formatted(
                            phases,
                            state.phases().get(finished).name(),
                            folder(request, state, finished).engine())
                    : phases));
    return sentences;
  }

  private String where() {
    int next = read.finishedPhases();
    if (next == read.phases().size()) {
      return "after its last phase";
    }
    PhaseState phase = read.phases().get(next);
    return (phase.status() == PhaseState.Status.RUNNING ? "in phase " : "before phase ")
        + phase.name();
  }

  /** Of a step at which the phase ended and beyond which it has not come since. */
  private Optional<String> failedStep() throws IOException {
    PhaseFolder folder = folder(request, state, finished);
    Path file = folder.failedStepJson();
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    JsonNode failed;
    try {
      failed = new ObjectMapper().readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
    if (!failed.path("step").canConvertToLong()) {
      return Optional.empty();
    }
    long step = failed.path("step").longValue();
    if (newest.isPresent() && newest.get().step() >= step) {
      return Optional.empty();
    }
    return Optional.of(
        "phase %s ended at step %s, whose loss was %s and whose rows are in %s; it %s"
            .formatted(
                state.phases().get(finished).name(),
                Numbers.whole(step),
                loss(failed.path("loss")),
                file,
                newest
                    .map(kept -> "goes on after step " + Numbers.whole(kept.step()))
                    .orElse(jobGoesOn ? "goes on with its job" : "begins anew")));
  }

  /** What is not finite is a text there. */
  private static String loss(JsonNode loss) {
    return loss.isNumber()
        ? String.format(Locale.ROOT, "%.4g", loss.doubleValue())
        : loss.asText().matches("-?Infinity|NaN") ? loss.asText() : "no number";
  }

  private Optional<String> takenOver() {
    PhaseState then = state.phases().get(finished);
    List<Change> changes =
        since().allowed(then.settings(), settings.phases().get(finished)).stream()
            .filter(change -> change.then() != null || change.now() != null)
            .toList();
    return changes.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "phase %s goes on with %s"
                .formatted(
                    then.name(),
                    changes.stream()
                        .map(
                            change ->
                                "%s %s, which was %s"
                                    .formatted(
                                        change.key(),
                                        Change.text(change.now()),
                                        Change.text(change.then())))
                        .collect(Collectors.joining(", "))));
  }

  /**
   * Makes room for the phases to come: removes what there is of those that begin anew, and of
   * others what a process that was killed worked with.
   *
   * @param jobs ends those of which nothing stays
   * @return what was ended, and what was not removed but renamed, a sentence each
   */
  List<String> makeRoom(OutlivingJobs jobs) throws IOException {
    List<String> sentences = new ArrayList<>();
    List<PhaseFolder.Renamed> renamed = new ArrayList<>();
    for (int i = 0; i < finished; i++) {
      folder(request, state, i).removeWork();
    }
    for (int i = finished; i < state.phases().size(); i++) {
      PhaseFolder folder = folder(request, state, i);
      if (i == finished && goesOn()) {
        folder.removeWork();
        folder.setModelAside().ifPresent(renamed::add);
      } else {
        jobs.end(folder);
        if (folder.holdsJob()) {
          sentences.add(
              "phase %s begins anew: the job in %s is ended"
                  .formatted(state.phases().get(i).name(), folder.engine()));
        }
        renamed.addAll(folder.giveUp());
      }
    }
    renamed.forEach(
        one -> sentences.add("%s is now %s".formatted(one.from(), one.to().getFileName())));
    return sentences;
  }

  /** The phases to go on with: what is finished or goes on as it was, the rest as it is now. */
  List<PhaseState> phases(List<PhaseState> planned) {
    List<PhaseState> phases = new ArrayList<>(state.phases().subList(0, finished));
    if (goesOn()) {
      Map<String, String> now = settings.phases().get(finished);
      phases.add(state.phases().get(finished).with(now));
    }
    phases.addAll(planned.subList(phases.size(), planned.size()));
    return phases;
  }
}
