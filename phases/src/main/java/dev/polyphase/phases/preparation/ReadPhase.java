package dev.polyphase.phases.preparation;

import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.ChatTemplates;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Limits;
import dev.polyphase.phases.batches.RowOrder;
import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.Rope;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.result.LearnedEnds;
import dev.polyphase.phases.result.SavedAs;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.phases.result.TrainedValues;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.FolderState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A phase whose rows are read, whatever will train it. They stay as they are whatever it is trained
 * from: each phase carries every file that tokens come from over to its result byte for byte but
 * for the template that it was asked for, with which later ones are read too, and of what it
 * changes in the configurations {@link LearnedEnds} leaves the end of plain texts alone.
 *
 * @param rows its rows
 * @param schedule the steps on those to train on
 */
public record ReadPhase(PhaseRequest request, PhaseRows rows, Schedule schedule) {
  /** Enough to see what is wrong; all of them are in a file. */
  private static final int BAD_ROWS_SHOWN = 5;

  /**
   * Reads a phase's rows.
   *
   * @param findings what was found of the model and the settings before; rows are looked at
   *     whatever that is, but of a model that does not say which ids are
   * @param model that will compute them; null of such a model
   * @param listener hears how far reading is
   * @throws InputException naming every problem found, also those that were found before
   */
  public static ReadPhase of(
      ObjectiveSource source,
      PhaseRequest request,
      Findings findings,
      @Nullable RowModel model,
      ReadingListener listener)
      throws IOException {
    try (LazyTokenizer tokenizer = new LazyTokenizer(request.start().checkpoint())) {
      findings.sound(() -> chatTemplate(request, tokenizer));
      @Nullable PhaseRows rows =
          model == null
              ? null
              : findings.sound(() -> PhaseRows.read(source, request, model, tokenizer, listener));
      findings.throwIfAny();
      if (rows == null) {
        throw new IllegalStateException("rows that have a problem and none");
      }
      return new ReadPhase(
          request, rows, schedule(request.phase(), request.pipeline().seed(), rows.training()));
    }
  }

  /** The problems of settings that can't be heeded. */
  public static List<Problem> refused(Phase phase, List<String> sentences) {
    return sentences.stream()
        .map(sentence -> new Problem(null, "phase " + phase.name() + ": " + sentence))
        .toList();
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

  /** The steps of a phase on an objective's rows. */
  public static Schedule schedule(Phase phase, long seed, Objective objective) {
    return new Schedule(
        objective.tokensOfRow(),
        phase.batch().microBatchSize(),
        phase.batch().gradientAccumulationSteps(),
        new Limits(
            phase.length().numEpochs(), phase.length().maxSteps(), phase.length().maxTokens()),
        new RowOrder(phase.batch().shuffle(), seed));
  }

  /** The same rows, trained from another start. */
  public ReadPhase from(PhaseRequest other) {
    return new ReadPhase(other, rows, schedule);
  }

  /** The learning rates of its steps. */
  public LearningRate learningRate() {
    return LearningRate.of(request.phase(), schedule.totalSteps());
  }

  /** The tokens at which its rows teach the model to stop that it starts from. */
  private LearnedEnds ends() throws IOException {
    Path base = request.start().checkpoint();
    try (LazyTokenizer tokenizer = new LazyTokenizer(base)) {
      return LearnedEnds.of(base, tokenizer, request.chatTemplate(), rows.training());
    }
  }

  /**
   * What a trainer adds to the plan.
   *
   * @param rescans how often the phase measures its weights anew
   * @param memory null where only the engine that trains it can know
   * @param share what each process of an engine of several needs; null where there is one
   * @param checkpointBytes what one checkpoint on its way takes on the disk
   */
  public record Cost(
      long rescans,
      Compute compute,
      @Nullable MemoryEstimate memory,
      List<DeviceNeed> deviceNeeds,
      @Nullable ProcessShare share,
      long checkpointBytes) {}

  /** What the phase will do. */
  public PhasePlan plan(ModelParts model, Cost cost) throws IOException {
    return new PhasePlan(
        rows.counts(),
        rows.heldOutCounts(),
        rows.firstRejected(BAD_ROWS_SHOWN),
        rows.countsByDataset(),
        rows.training().shares(),
        ends().learned(),
        slots(),
        schedule.totalSteps(),
        cost.rescans(),
        schedule.totalTokens(),
        UpdateReach.of(request.phase(), model, learningRate(), request.pipeline().saveDtype()),
        model.trainedValues(),
        model.values(),
        cost.compute(),
        cost.memory(),
        cost.deviceNeeds(),
        cost.share(),
        cost.checkpointBytes(),
        model.resultBytes(request),
        beyondPositions(model.layout().config()));
  }

  private @Nullable BeyondPositions beyondPositions(ModelConfig model) {
    Rope.@Nullable Context context =
        model.blocks().stream()
            .flatMap(block -> block.attention().rope().context().stream())
            .min(Comparator.comparingLong(Rope.Context::tokens))
            .orElse(null);
    if (context == null || request.phase().batch().sequenceLen() <= context.tokens()) {
      return null;
    }
    int longest = longestRow(rows.training());
    if (rows.heldOut() != null) {
      longest = Math.max(longest, longestRow(rows.heldOut()));
    }
    return new BeyondPositions(context.tokens(), context.by(), longest);
  }

  /** A prompt and a completion are a row; rows that are packed are several. */
  private static int longestRow(Objective objective) {
    return IntStream.range(0, objective.tokensOfRow().length)
        .map(row -> objective.batchSize(new int[] {row}).longestDocument())
        .max()
        .orElse(0);
  }

  private long slots() {
    return request.phase().batch().samplePacking()
        ? (long) rows.training().tokensOfRow().length * sequenceTokens()
        : 0;
  }

  /** The most tokens of rows that are packed into one; a pair has two rows. */
  private int sequenceTokens() {
    Phase phase = request.phase();
    return (phase.type().readsPairs() ? 2 : 1) * phase.batch().sequenceLen();
  }

  /** Goes through all rows as they are trained on. */
  public void shown(Predicate<ShownRow> handler) {
    for (int row = 0; row < rows.datasets().count(); row++) {
      for (ShownRow shown : rows.datasets().shown(row)) {
        if (!handler.test(shown)) {
          return;
        }
      }
    }
  }

  /** Now, not after hours of training. */
  public void refuseResultThatExists() {
    if (Files.exists(request.result(), LinkOption.NOFOLLOW_LINKS)) {
      throw new InputException(
          Place.in(request.result().toString()),
          "this exists already; name a folder that does not");
    }
  }

  /**
   * The result as it will be.
   *
   * @param opened the base's folder when the first of its files was opened
   */
  public TrainedCheckpoint result(FolderState opened, ModelParts model, TrainedValues values)
      throws IOException {
    Optional<ChatTemplate> template = request.chatTemplate();
    Path base = request.start().checkpoint();
    return new TrainedCheckpoint(
        model.checkpoint(),
        opened,
        model.layout(),
        values,
        SavedAs.of(request, model.checkpoint()),
        ends(),
        template.isPresent() ? ChatTemplates.saved(template.get(), base) : Map.of());
  }

  /** Says what became of the rows, unless all of them were kept as they are. */
  public void note(PhaseListener listener) {
    noteRows(rows.counts(), "", listener);
    noteLeftOut(listener);
    if (rows.heldOutCounts() != null) {
      noteRows(rows.heldOutCounts(), "held-out ", listener);
    }
    notePacking(listener);
  }

  /**
   * Of some rows.
   *
   * @param which of the phase's rows, as {@code held-out} with a space behind it
   */
  private void noteRows(DataCounts counts, String which, PhaseListener listener) {
    Phase phase = request.phase();
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

  /** Of the training data; what is left out of held-out data is in its counts. */
  private void noteLeftOut(PhaseListener listener) {
    DataCounts counts = rows.counts();
    String inWords = request.phase().type().rowsInWords();
    if (counts.duplicates() > 0 && request.phase().rows().deduplicate()) {
      listener.note(
          "%,d %s are equal to others before them and left out"
              .formatted(counts.duplicates(), inWords));
    }
    if (counts.alsoHeldOut() > 0) {
      listener.note(
          "%,d %s are equal to held-out ones and not trained on"
              .formatted(counts.alsoHeldOut(), inWords));
    }
  }

  private void notePacking(PhaseListener listener) {
    if (request.phase().batch().samplePacking()) {
      List<DatasetShare> shares = rows.training().shares();
      listener.note(
          String.format(
              Locale.ROOT,
              "%,d %s were packed into %,d sequences of up to %,d tokens, which are %.1f %% full",
              shares.stream().mapToLong(DatasetShare::epochRows).sum(),
              request.phase().type().rowsInWords(),
              rows.training().tokensOfRow().length,
              sequenceTokens(),
              100.0 * shares.stream().mapToLong(DatasetShare::epochTokens).sum() / slots()));
    }
  }
}
