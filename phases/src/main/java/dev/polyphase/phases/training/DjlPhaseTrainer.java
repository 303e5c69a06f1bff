package dev.polyphase.phases.training;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.checkpoints.Checkpoints;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.EmbeddingNoise;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.preparation.Findings;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Trains phases in this process, on libtorch. */
public final class DjlPhaseTrainer implements PhaseTrainer {
  private final ObjectiveSource source;
  private final FreeMemory freeMemory;
  private final boolean offloadsOnCpu;

  /**
   * A trainer of the phases that a source makes objectives for.
   *
   * @param freeMemory decides whether blocks are kept for their backward pass, and how many are on
   *     each of several devices
   */
  public DjlPhaseTrainer(ObjectiveSource source, FreeMemory freeMemory) {
    this(source, freeMemory, false);
  }

  /**
   * A trainer that may do on the CPU what it does with a GPU.
   *
   * @param offloadsOnCpu whether {@code optimizer_offload} has its effect where the model is on the
   *     CPU: it only costs memory there, but needs no GPU
   */
  DjlPhaseTrainer(ObjectiveSource source, FreeMemory freeMemory, boolean offloadsOnCpu) {
    this.source = source;
    this.freeMemory = freeMemory;
    this.offloadsOnCpu = offloadsOnCpu;
  }

  @Override
  public PreparedPhase prepare(PhaseRequest request, ReadingListener listener) throws IOException {
    Findings findings = new Findings();
    findings.add(ReadPhase.refused(request.phase(), source.notBuilt(request.phase())));
    @Nullable PhaseSetup setup = findings.sound(() -> PhaseSetup.of(request, offloadsOnCpu));
    @Nullable RowModel model =
        setup == null
            ? findings.sound(
                () -> RowModel.of(ConfigReader.read(Checkpoint.open(request.start().checkpoint()))))
            : setup.ofRows();
    ReadPhase phase = ReadPhase.of(source, request, findings, model, listener);
    return new Prepared(phase, plan(phase, requireNonNull(setup)));
  }

  private PhasePlan plan(ReadPhase phase, PhaseSetup setup) throws IOException {
    MemoryFormula memory = setup.memory(phase.schedule(), phase.rows().training());
    PlacedPhase placed = setup.placed(memory, freeMemory);
    MemoryEstimate need = memory.at(placed.placement());
    return phase.plan(
        setup.model(),
        new ReadPhase.Cost(
            rescans(phase.request().phase(), phase.schedule()),
            setup.compute().describe(phase.request().pipeline().devices()),
            need,
            placed.needs(),
            null,
            need.masterBytes() + need.optimizerBytes()));
  }

  private final class Prepared implements PreparedPhase {
    private final ReadPhase phase;
    private final PhasePlan plan;

    Prepared(ReadPhase phase, PhasePlan plan) {
      this.phase = phase;
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
      try {
        return trained(phase.from(phase.request().from(start)), listener);
      } catch (OperationFailedException e) {
        String sentence = "phase %s: %s".formatted(phase.request().phase().name(), e.getMessage());
        throw new TrainingFailedException(sentence, e);
      } catch (RuntimeException e) {
        throw Libtorch.ranOutOfMemory(e) ? new OutOfMemoryException(e) : e;
      }
    }
  }

  private PhaseResult trained(ReadPhase phase, PhaseListener listener) throws IOException {
    phase.refuseResultThatExists();
    PhaseRequest request = phase.request();
    FolderState opened = FolderState.of(request.start().checkpoint(), request.result());
    PhaseSetup setup = PhaseSetup.of(request, offloadsOnCpu);
    phase.note(listener);
    noteOffload(setup, listener);
    Checkpoints checkpoints = new Checkpoints(request.checkpoints());
    Optional<StateReader> earlier = newest(checkpoints, listener);
    // What the model has mapped is closed after it.
    try (PhaseFiles files = new PhaseFiles(request, setup.checkpoint());
        Transformer model = model(setup, phase, listener)) {
      TrainedCheckpoint result =
          phase.result(
              opened, setup.model(), new ModelValues(setup.checkpoint(), setup.layout(), model));
      PhaseTraining training =
          new PhaseTraining(request, setup, phase.rows(), phase.schedule(), model, result, files);
      return training.run(earlier, checkpoints, freeMemory, listener);
    }
  }

  /** The state to go on from; says what can't be used, and what becomes of the phase then. */
  private static Optional<StateReader> newest(Checkpoints checkpoints, PhaseListener listener)
      throws IOException {
    List<String> passedOver = new ArrayList<>();
    Optional<StateReader> newest = checkpoints.newest(passedOver::add);
    for (int i = 0; i < passedOver.size(); i++) {
      boolean nothingLeft = newest.isEmpty() && i == passedOver.size() - 1;
      listener.note(passedOver.get(i) + (nothingLeft ? "; the phase begins anew" : ""));
    }
    return newest;
  }

  private Transformer model(PhaseSetup setup, ReadPhase phase, PhaseListener listener)
      throws IOException {
    // What a scan used is free.
    Libtorch.giveBackUnused();
    MemoryFormula memory = setup.memory(phase.schedule(), phase.rows().training());
    PlacedPhase placed = setup.placed(memory, freeMemory);
    noteRecomputed(setup, memory.at(placed.placement()), listener);
    Transformer model =
        Transformer.load(setup.checkpoint(), setup.config(), setup.parts(), placed.placement());
    PhaseRequest request = phase.request();
    if (request.phase().batch().neftuneNoiseAlpha() > 0) {
      model.addNoise(
          new EmbeddingNoise(
              request.phase().batch().neftuneNoiseAlpha(), request.pipeline().seed()));
    }
    return model;
  }

  private static long rescans(Phase phase, Schedule schedule) {
    return phase
        .trained()
        .rescanEvery()
        .map(every -> Rescans.count(every, schedule.stepsPerEpoch(), schedule.totalSteps()))
        .orElse(0L);
  }

  /** Says what memory allows: it may be another number of blocks each time that a phase goes on. */
  private static void noteRecomputed(
      PhaseSetup setup, MemoryEstimate need, PhaseListener listener) {
    boolean asked = setup.phase().batch().gradientCheckpointing() != GradientCheckpointing.AUTO;
    if (!asked && need.recomputedBlocks() > 0) {
      listener.note(
          "%d of %d blocks are computed again in the backward pass: memory does not suffice to keep more"
              .formatted(need.recomputedBlocks(), need.differentiatedBlocks()));
    }
  }

  private static void noteOffload(PhaseSetup setup, PhaseListener listener) {
    if (setup.phase().optimizer().offloaded() && !setup.mastersOnHost()) {
      listener.note(
          "optimizer_offload is without effect: the model is on the CPU, where masters and states"
              + " are as well");
    }
  }
}
