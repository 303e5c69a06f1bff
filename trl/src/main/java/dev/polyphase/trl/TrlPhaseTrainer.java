package dev.polyphase.trl;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.preparation.Findings;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.phases.preparation.ReferenceModel;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.trl.launch.EnginePython;
import dev.polyphase.trl.launch.Job;
import dev.polyphase.trl.launch.LaunchSettings;
import dev.polyphase.trl.launch.Launcher;
import dev.polyphase.trl.launch.Programs;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderState;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.HeadTie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Trains phases with TRL's and transformers' trainers, in processes of their own that share the
 * model by FSDP2. Rows, masks, packing, limits and the order of steps are the embedded trainer's;
 * so is the result, whose new values alone come from there.
 */
public final class TrlPhaseTrainer implements PhaseTrainer {
  private static final String CPU = "cpu";
  private static final int FROZEN_BYTES = 2;

  /** Weight, gradient and two moments in float32. */
  private static final int TRAINED_BYTES = 16;

  /** Weight and two moments. */
  private static final int CHECKPOINT_BYTES = 12;

  private final ObjectiveSource source;
  private final Programs programs;

  /**
   * A trainer of the phases that a source makes objectives for.
   *
   * @param programs what is found on this machine
   */
  public TrlPhaseTrainer(ObjectiveSource source, Programs programs) {
    this.source = source;
    this.programs = programs;
  }

  @Override
  public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) throws IOException {
    TrainingEngine engine = request.phase().engine().orElseThrow();
    Findings findings = new Findings();
    findings.add(ReadPhase.refused(request.phase(), source.notBuilt(request.phase())));
    findings.add(ReadPhase.refused(request.phase(), TrlRefusals.of(request, engine)));
    @Nullable ModelParts model = findings.sound(() -> modelOf(request));
    @Nullable ModelConfig config =
        model == null
            ? findings.sound(() -> ConfigReader.read(Checkpoint.open(request.start().checkpoint())))
            : model.layout().config();
    @Nullable EnginePython python =
        findings.sound(() -> EnginePython.find(engine.python(), programs));
    if (config != null) {
      findings.sound(() -> ReferenceModel.of(request, config));
    }
    EnginePython.@Nullable Check check =
        python == null || model == null
            ? null
            : findings.sound(() -> checked(python, engine, model, request));
    ReadPhase phase =
        ReadPhase.of(
            source, request, findings, config == null ? null : RowModel.of(config), listener);
    return new Prepared(
        phase,
        engine,
        requireNonNull(python),
        plan(phase, requireNonNull(model), engine, requireNonNull(check)));
  }

  private static ModelParts modelOf(PhaseRequest request) throws IOException {
    ModelParts model = ModelParts.of(request);
    List<Problem> refused =
        ReadPhase.refused(request.phase(), TrlRefusals.of(model, request.phase()));
    if (!refused.isEmpty()) {
      throw new InputException(refused);
    }
    HeadTie.contradiction(model.checkpoint())
        .ifPresent(
            problem -> {
              throw new InputException(List.of(problem));
            });
    return model;
  }

  /** What the driver says of its Python and of the model. */
  private EnginePython.Check checked(
      EnginePython python, TrainingEngine engine, ModelParts model, PhaseRequest request)
      throws IOException {
    Path folder = Files.createTempDirectory("polyphase-engine-");
    try {
      Path driver = folder.resolve("driver.py");
      Path names = folder.resolve("trainable.txt");
      Files.writeString(driver, JobFiles.driver());
      Files.writeString(names, JobFiles.names(model));
      EnginePython.Check check =
          python.check(driver, request.start().checkpoint(), names, programs);
      if (!check.problems().isEmpty()) {
        throw new InputException(
            ReadPhase.refused(
                request.phase(),
                check.problems().stream().map(problem -> "engine trl: " + problem).toList()));
      }
      if (engine.launch() instanceof TrainingEngine.Launch.Local
          && request.pipeline().devices().contains("cuda")
          && check.gpus() < engine.processesPerNode()) {
        throw new InputException(
            ReadPhase.refused(
                request.phase(),
                List.of(
                    "engine.processes_per_node: %d, but %s sees %d GPUs here; give that or less"
                        .formatted(engine.processesPerNode(), python.program(), check.gpus()))));
      }
      return check;
    } finally {
      FolderTree.remove(folder);
    }
  }

  private static PhasePlan plan(
      ReadPhase phase, ModelParts model, TrainingEngine engine, EnginePython.Check check)
      throws IOException {
    long processes = engine.worldSize();
    long trained = model.trainedValues();
    long frozen = model.values() - trained;
    return phase.plan(
        model,
        new ReadPhase.Cost(
            0,
            compute(phase.request(), engine, check),
            null,
            List.of(),
            new ProcessShare(
                engine.worldSize(),
                frozen * FROZEN_BYTES / processes,
                trained * TRAINED_BYTES / processes),
            trained * CHECKPOINT_BYTES));
  }

  private static Compute compute(
      PhaseRequest request, TrainingEngine engine, EnginePython.Check check) {
    Map<String, String> others = new TreeMap<>(check.versions());
    @Nullable String trl = others.remove("trl");
    String how =
        engine.launch() instanceof TrainingEngine.Launch.Local
            ? "here"
            : engine.launch() instanceof TrainingEngine.Launch.Slurm ? "by Slurm" : "by a command";
    Dtype dtype = request.pipeline().dtype();
    return new Compute(
        "TRL " + trl,
        null,
        dtype == Dtype.AUTO ? null : dtype.name().toLowerCase(Locale.ROOT),
        "%s, started %s, with %s"
            .formatted(
                processes(engine),
                how,
                others.entrySet().stream()
                    .map(one -> one.getKey() + " " + one.getValue())
                    .collect(Collectors.joining(", "))));
  }

  private static String processes(TrainingEngine engine) {
    return engine.worldSize() == 1
        ? "one process"
        : engine.nodes() == 1
            ? engine.worldSize() + " processes"
            : "%d processes on %d machines".formatted(engine.worldSize(), engine.nodes());
  }

  private final class Prepared implements PreparedPhase {
    private final ReadPhase phase;
    private final TrainingEngine engine;
    private final EnginePython python;
    private final PhasePlan plan;

    Prepared(ReadPhase phase, TrainingEngine engine, EnginePython python, PhasePlan plan) {
      this.phase = phase;
      this.engine = engine;
      this.python = python;
      this.plan = plan;
    }

    @Override
    public PhasePlan plan() {
      return plan;
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      phase.rows().rejected(handler);
    }

    @Override
    public void shown(Predicate<ShownRow> handler) {
      phase.shown(handler);
    }

    @Override
    public RowHashes rows() {
      return phase.rows().hashes();
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      return trained(phase.from(phase.request().from(start)), engine, launcher(), listener);
    }

    private Launcher launcher() {
      boolean gpus = !phase.request().pipeline().devices().contains(CPU);
      LaunchSettings settings =
          new LaunchSettings(
              phase.request().phase().name(),
              python.program(),
              engine.nodes(),
              engine.processesPerNode(),
              gpus);
      if (engine.launch() instanceof TrainingEngine.Launch.Command command) {
        return Launcher.command(command.line(), engine.cancel(), settings, programs);
      }
      return engine.launch() instanceof TrainingEngine.Launch.Slurm
          ? Launcher.slurm(settings, programs)
          : Launcher.local(settings, programs);
    }
  }

  private PhaseResult trained(
      ReadPhase phase, TrainingEngine engine, Launcher launcher, PhaseListener listener)
      throws IOException {
    phase.refuseResultThatExists();
    PhaseRequest request = phase.request();
    FolderState opened = FolderState.of(request.start().checkpoint(), request.result());
    ModelParts model = ModelParts.of(request);
    phase.note(listener);
    JobFiles job = new JobFiles(phase, model, engine);
    String digest = job.digest();
    EngineFolder folder = new EngineFolder(request.result().resolveSibling("engine"));
    boolean isThere = JobFiles.digestIn(folder).equals(Optional.of(digest));
    if (isThere) {
      job.writeSettings(folder, digest);
    } else {
      anew(folder, job, digest, listener);
    }
    Progress progress = new Progress(folder, phase, listener);
    Outcome outcome =
        new EngineRun(folder, digest, request.phase(), launcher, programs, listener, progress)
            .toItsEnd();
    return switch (outcome.kind()) {
      case FINISHED -> assembled(phase, model, opened, folder, digest, progress, listener);
      case OOM -> throw new OutOfMemoryException(new IllegalStateException(outcome.sentence()));
      case BAD_INPUT ->
          throw new InputException(
              Place.in(folder.job().toString()),
              "phase %s: %s".formatted(request.phase().name(), outcome.sentence()));
      case FAILED, STOPPED -> throw FailedJob.of(phase, model, outcome, folder);
    };
  }

  /** Ends the job of another request, and writes this one's. */
  private void anew(EngineFolder folder, JobFiles job, String digest, PhaseListener listener)
      throws IOException {
    if (Files.isDirectory(folder.path())) {
      Job.endLast(folder.path(), programs);
      boolean isOther = JobFiles.digestIn(folder).isPresent();
      Optional<Path> aside = folder.clear();
      if (isOther) {
        listener.note(
            "what %s held was another job's: other rows, settings, weights or processes; the phase begins anew%s"
                .formatted(
                    folder.path(),
                    aside.map(now -> ", and its checkpoints are in " + now).orElse("")));
      }
    }
    Files.createDirectories(folder.path());
    job.write(folder, digest);
  }

  private static PhaseResult assembled(
      ReadPhase phase,
      ModelParts model,
      FolderState opened,
      EngineFolder folder,
      String digest,
      Progress progress,
      PhaseListener listener)
      throws IOException {
    try (FiledValues values = FiledValues.of(folder, digest, model)) {
      TrainedCheckpoint result = phase.result(opened, model, values);
      result.checkBase();
      PhaseResult figures =
          new PhaseResult(
              phase.schedule().totalSteps(),
              phase.schedule().totalTokens(),
              model.trained().arrays(model.layout()),
              model.trainedValues(),
              model.trained().savedValues(model.layout()),
              result.changedValues(),
              result.movedValues(),
              progress.seconds(),
              phase.rows().counts(),
              phase.rows().heldOutCounts(),
              result.ends().all(),
              phase.rows().countsByDataset());
      listener.finishing(figures);
      result.write(phase.request().result());
      return figures;
    }
  }
}
