package dev.polyphase.phases.training;

import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.ChatTemplates;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.api.DatasetShare;
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
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.EmbeddingNoise;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Placement;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Trains phases in this process, on libtorch. */
public final class DjlPhaseTrainer implements PhaseTrainer {
  /** Enough to see what is wrong; all of them are in a file. */
  private static final int BAD_ROWS_SHOWN = 5;

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
    Path base = request.start().checkpoint();
    Set<Problem> problems = new LinkedHashSet<>(notBuilt(request.phase()));
    @Nullable PhaseSetup setup = sound(problems, () -> PhaseSetup.of(request, offloadsOnCpu));
    @Nullable ModelConfig config =
        setup == null
            ? sound(problems, () -> ConfigReader.read(Checkpoint.open(base)))
            : setup.config();
    try (LazyTokenizer tokenizer = new LazyTokenizer(base)) {
      sound(problems, () -> chatTemplate(request, tokenizer));
      // Rows are looked at whatever else is wrong, but for a model that does not say which ids are.
      @Nullable PhaseRows rows =
          config == null
              ? null
              : sound(
                  problems,
                  () -> PhaseRows.read(source, request, config.vocabSize(), tokenizer, listener));
      if (setup == null || rows == null || !problems.isEmpty()) {
        throw new InputException(List.copyOf(problems));
      }
      Schedule schedule =
          TrainingLoop.schedule(request.phase(), request.pipeline().seed(), rows.training());
      LearnedEnds ends = LearnedEnds.of(base, tokenizer, request.chatTemplate(), rows.training());
      return new Prepared(request, rows, schedule, plan(request, setup, rows, schedule, ends));
    }
  }

  /** What is wrong with a part of a phase, beside what is wrong with others. */
  @FunctionalInterface
  private interface Part<T> {
    T get() throws IOException;
  }

  private static <T> @Nullable T sound(Set<Problem> problems, Part<T> part) throws IOException {
    try {
      return part.get();
    } catch (InputException e) {
      problems.addAll(e.problems());
      return null;
    }
  }

  /** The template in place of the model's own, whose tokens the model has. */
  private static Optional<ChatTemplate> chatTemplate(PhaseRequest request, LazyTokenizer tokenizer)
      throws IOException {
    Optional<ChatTemplate> template = request.chatTemplate();
    if (template.isPresent()
        && InputFile.isThere(tokenizer.modelFolder().resolve(Tokenizer.FILE))) {
      request.requireTokens(tokenizer.get());
    }
    return template;
  }

  private PhasePlan plan(
      PhaseRequest request, PhaseSetup setup, PhaseRows rows, Schedule schedule, LearnedEnds ends)
      throws IOException {
    MemoryFormula memory = setup.memory(schedule, rows.training());
    PlacedPhase placed = setup.placed(memory, freeMemory);
    MemoryEstimate need = memory.with(placed.placement().activations());
    return new PhasePlan(
        rows.counts(),
        rows.heldOutCounts(),
        rows.firstRejected(BAD_ROWS_SHOWN),
        rows.countsByDataset(),
        rows.training().shares(),
        ends.learned(),
        slots(request.phase(), rows.training()),
        schedule.totalSteps(),
        rescans(request.phase(), schedule),
        schedule.totalTokens(),
        UpdateReach.of(
            setup,
            TrainingLoop.learningRate(request.phase(), schedule.totalSteps()),
            request.pipeline().saveDtype()),
        setup.parts().values(setup.layout()),
        setup.modelValues(),
        setup.compute().describe(request.pipeline().devices()),
        need,
        placed.needs(),
        need.masterBytes() + need.optimizerBytes(),
        setup.resultBytes(request));
  }

  /**
   * A phase whose rows are read. They stay as they are whatever it is trained from: each phase
   * carries every file that tokens come from over to its result byte for byte but for the template
   * that it was asked for, with which later ones are read too, and of what it changes in the
   * configurations {@link LearnedEnds} leaves the end of plain texts alone.
   */
  private final class Prepared implements PreparedPhase {
    private final PhaseRequest request;
    private final PhaseRows rows;
    private final Schedule schedule;
    private final PhasePlan plan;

    Prepared(PhaseRequest request, PhaseRows rows, Schedule schedule, PhasePlan plan) {
      this.request = request;
      this.rows = rows;
      this.schedule = schedule;
      this.plan = plan;
    }

    @Override
    public PhasePlan plan() {
      return plan;
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      rows.rejected(handler);
    }

    @Override
    public void shown(Predicate<ShownRow> handler) {
      for (int row = 0; row < rows.datasets().count(); row++) {
        for (ShownRow shown : rows.datasets().shown(row)) {
          if (!handler.test(shown)) {
            return;
          }
        }
      }
    }

    @Override
    public RowHashes rows() {
      return rows.hashes();
    }

    @Override
    public PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException {
      try {
        return trained(request.from(start), rows, schedule, listener);
      } catch (OperationFailedException e) {
        String sentence = "phase %s: %s".formatted(request.phase().name(), e.getMessage());
        throw new TrainingFailedException(sentence, e);
      } catch (RuntimeException e) {
        throw Libtorch.ranOutOfMemory(e) ? new OutOfMemoryException(e) : e;
      }
    }
  }

  private PhaseResult trained(
      PhaseRequest request, PhaseRows rows, Schedule schedule, PhaseListener listener)
      throws IOException {
    refuseResultThatExists(request.result());
    Optional<ChatTemplate> template = request.chatTemplate();
    Path base = request.start().checkpoint();
    FolderState opened = FolderState.of(base, request.result());
    PhaseSetup setup = PhaseSetup.of(request, offloadsOnCpu);
    LearnedEnds ends;
    try (LazyTokenizer tokenizer = new LazyTokenizer(base)) {
      ends = LearnedEnds.of(base, tokenizer, template, rows.training());
    }
    noteRows(rows.counts(), "", request.phase(), listener);
    noteLeftOut(rows.counts(), request.phase(), listener);
    if (rows.heldOutCounts() != null) {
      noteRows(rows.heldOutCounts(), "held-out ", request.phase(), listener);
    }
    notePacking(request.phase(), rows.training(), listener);
    noteOffload(setup, listener);
    Checkpoints checkpoints = new Checkpoints(request.checkpoints());
    Optional<StateReader> earlier = newest(checkpoints, listener);
    // What the model has mapped is closed after it.
    try (PhaseFiles files = new PhaseFiles(request, setup.checkpoint());
        Transformer model = model(setup, request, rows.training(), schedule, earlier)) {
      TrainedCheckpoint result =
          new TrainedCheckpoint(
              setup.checkpoint(),
              opened,
              setup.layout(),
              model,
              SavedAs.of(request, setup.checkpoint()),
              ends,
              template.isPresent() ? ChatTemplates.saved(template.get(), base) : Map.of());
      PhaseTraining training =
          new PhaseTraining(request, setup, rows, schedule, model, result, files);
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

  private Transformer model(
      PhaseSetup setup,
      PhaseRequest request,
      Objective objective,
      Schedule schedule,
      Optional<StateReader> earlier)
      throws IOException {
    // What a scan used is free.
    Libtorch.giveBackUnused();
    PlacedPhase placed = setup.placed(setup.memory(schedule, objective), freeMemory);
    Placement placement = placed.placement();
    if (earlier.isPresent() && PhaseTraining.recomputed(earlier.get())) {
      // Whatever memory there is now: kept and computed again may differ in the last bit.
      placement = placement.with(Activations.RECOMPUTED);
    }
    Transformer model =
        Transformer.load(setup.checkpoint(), setup.config(), setup.parts(), placement);
    if (request.phase().batch().neftuneNoiseAlpha() > 0) {
      model.addNoise(
          new EmbeddingNoise(
              request.phase().batch().neftuneNoiseAlpha(), request.pipeline().seed()));
    }
    return model;
  }

  /** Now, not after hours of training. */
  private static void refuseResultThatExists(Path result) {
    if (Files.exists(result, LinkOption.NOFOLLOW_LINKS)) {
      throw new InputException(
          Place.in(result.toString()), "this exists already; name a folder that does not");
    }
  }

  private List<Problem> notBuilt(Phase phase) {
    return source.notBuilt(phase).stream()
        .map(sentence -> new Problem(null, "phase " + phase.name() + ": " + sentence))
        .toList();
  }

  /**
   * Says what became of rows, unless all of them were kept as they are.
   *
   * @param which of the phase's rows, as {@code held-out} with a space behind it
   */
  private static void noteRows(
      DataCounts counts, String which, Phase phase, PhaseListener listener) {
    if (counts.cut() + counts.dropped() + counts.withoutLoss() > 0) {
      listener.note(
          "%,d %s%s read: %,d kept, %,d of them %s to sequence_len %,d; %,d dropped, %s; %,d without loss at any length"
              .formatted(
                  counts.read(),
                  which,
                  phase.type().rowsInWords(),
                  counts.kept(),
                  counts.cut(),
                  phase.excessLength() == ExcessLength.SPLIT ? "split" : "cut",
                  phase.batch().sequenceLen(),
                  counts.dropped(),
                  phase.excessLength() == ExcessLength.DROP
                      ? "as they are longer"
                      : "as no token that carries loss was left",
                  counts.withoutLoss()));
    }
  }

  private static long rescans(Phase phase, Schedule schedule) {
    return phase
        .trained()
        .rescanEvery()
        .map(every -> Rescans.count(every, schedule.stepsPerEpoch(), schedule.totalSteps()))
        .orElse(0L);
  }

  /** Of the training data; what is left out of held-out data is in its counts. */
  private static void noteLeftOut(DataCounts counts, Phase phase, PhaseListener listener) {
    String rows = phase.type().rowsInWords();
    if (counts.duplicates() > 0 && phase.rows().deduplicate()) {
      listener.note(
          "%,d %s are equal to others before them and left out"
              .formatted(counts.duplicates(), rows));
    }
    if (counts.alsoHeldOut() > 0) {
      listener.note(
          "%,d %s are equal to held-out ones and not trained on"
              .formatted(counts.alsoHeldOut(), rows));
    }
  }

  private static long slots(Phase phase, Objective objective) {
    return phase.batch().samplePacking()
        ? (long) objective.tokensOfRow().length * sequenceTokens(phase)
        : 0;
  }

  /** The most tokens of rows that are packed into one; a pair has two rows. */
  private static int sequenceTokens(Phase phase) {
    return (phase.type().readsPairs() ? 2 : 1) * phase.batch().sequenceLen();
  }

  private static void noteOffload(PhaseSetup setup, PhaseListener listener) {
    if (setup.phase().optimizer().offloaded() && !setup.mastersOnHost()) {
      listener.note(
          "optimizer_offload is without effect: the model is on the CPU, where masters and states are as well");
    }
  }

  private static void notePacking(Phase phase, Objective objective, PhaseListener listener) {
    if (phase.batch().samplePacking()) {
      List<DatasetShare> shares = objective.shares();
      listener.note(
          String.format(
              Locale.ROOT,
              "%,d %s were packed into %,d sequences of up to %,d tokens, which are %.1f %% full",
              shares.stream().mapToLong(DatasetShare::epochRows).sum(),
              phase.type().rowsInWords(),
              objective.tokensOfRow().length,
              sequenceTokens(phase),
              100.0
                  * shares.stream().mapToLong(DatasetShare::epochTokens).sum()
                  / slots(phase, objective)));
    }
  }
}
