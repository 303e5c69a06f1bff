package dev.polyphase.orchestrator.cli;

import dev.polyphase.data.DataCounts;
import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.DiskNeed;
import dev.polyphase.orchestrator.engine.ExpectedTarget;
import dev.polyphase.orchestrator.engine.ExpectedTarget.TypeCount;
import dev.polyphase.orchestrator.engine.Numbers;
import dev.polyphase.orchestrator.engine.PhaseWarnings;
import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.RunDisk;
import dev.polyphase.phases.api.BeyondPositions;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.rescanner.UnfrozenParameters;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A plan as a table for people: a column for each phase. */
final class PlanTable {
  private final List<PlannedPhase> phases;
  private final List<List<String>> rows = new ArrayList<>();

  private PlanTable(List<PlannedPhase> phases) {
    this.phases = phases;
  }

  /**
   * The plan's text.
   *
   * @param device what the devices have
   * @param disk what the phases write
   */
  static String of(
      Pipeline pipeline, List<PlannedPhase> phases, DeviceMemory device, RunDisk disk) {
    PlanTable table = new PlanTable(phases);
    table.fill(device);
    table.fill(disk);
    return pipeline.name()
        + "\n"
        + String.join("\n", PlannedPhase.computeOf(phases))
        + "\n\n"
        + table.text()
        + patterns(phases)
        + datasets(phases)
        + warnings(phases, device)
        + disk.lack().map(PlanTable::warning).orElse("");
  }

  private void fill(DeviceMemory device) {
    row("", planned -> planned.phase().name());
    row("type", planned -> planned.phase().type().name().toLowerCase(Locale.ROOT));
    head("modules trained");
    for (String type : types()) {
      row("  " + type, planned -> count(planned.target(), type));
    }
    row("trained parameters", PlanTable::trained);
    rowOfPlan(
        "  of the model's",
        plan -> Numbers.percent((double) plan.trainedValues(), (double) plan.modelValues()));
    head("data");
    rowsOf("", PhasePlan::data);
    if (phases.stream().anyMatch(PlanTable::hasPairs)) {
      row("    equal pairs", PlanTable::equalPairs);
    }
    if (phases.stream().anyMatch(planned -> planned.plan().beyond() != null)) {
      row("  sequence_len", PlanTable::sequenceLen);
    }
    rowOfPlan("  tokens of one pass", plan -> Numbers.whole(plan.epochTokens()));
    if (phases.stream().anyMatch(planned -> planned.plan().slots() > 0)) {
      rowOfPlan("  packing", PlanTable::packing);
    }
    if (phases.stream().anyMatch(planned -> planned.plan().heldOut() != null)) {
      rowsOf("held-out ", PhasePlan::heldOut);
    }
    rowOfPlan("  ends learned", plan -> ends(plan.ends()));
    head("training");
    rowOfPlan("  steps", plan -> Numbers.whole(plan.steps()));
    if (phases.stream().anyMatch(planned -> planned.phase().trained().rescanEvery().isPresent())) {
      row("  rescans", PlanTable::rescans);
    }
    rowOfPlan("  tokens", plan -> Numbers.whole(plan.totalTokens()));
    if (phases.stream().anyMatch(PlanTable::isTrainedHere)) {
      rowOfMemory("  largest forward pass", need -> need.batchRows() + " x " + need.batchTokens());
      fillMemory(device);
    }
    if (!phases.stream().allMatch(PlanTable::isTrainedHere)) {
      head("memory of each GPU");
      rowOfShare("  frozen weights", share -> Numbers.bytes(share.frozenBytes()));
      rowOfShare("  trained, with states", share -> Numbers.bytes(share.trainedBytes()));
      rowOfShare("  all but activations", PlanTable::ofEach);
    }
  }

  private void fillMemory(DeviceMemory device) {
    head("memory");
    rowOfMemory("  frozen weights", need -> Numbers.bytes(need.frozenBytes()));
    rowOfMemory("  frozen weights, mapped", need -> Numbers.bytes(need.mappedBytes()));
    rowOfMemory("  masters", need -> Numbers.bytes(need.masterBytes()));
    rowOfMemory("  optimizer states", need -> Numbers.bytes(need.optimizerBytes()));
    if (phases.stream().anyMatch(PlanTable::offloads)) {
      rowOfMemory("  both on the CPU", PlanTable::onCpu);
      rowOfMemory("  copies of masters", PlanTable::copies);
    }
    if (phases.stream().anyMatch(PlanTable::keepsReference)) {
      rowOfMemory("  reference", need -> Numbers.bytes(need.referenceBytes()));
    }
    rowOfMemory("  gradients", need -> Numbers.bytes(need.gradientBytes()));
    rowOfMemory(
        "  blocks recomputed",
        need -> need.recomputedBlocks() + " of " + need.differentiatedBlocks());
    rowOfMemory("  activations", need -> Numbers.bytes(need.activationBytes()));
    rowOfMemory("  total", need -> Numbers.bytes(need.totalBytes()));
    List<DeviceNeed> places = PlannedPhase.devicesOf(phases);
    for (int i = 0; i < places.size() && places.size() > 1; i++) {
      int place = i;
      rowOfPlan(
          "    on " + places.get(place).device(),
          plan -> place < plan.deviceNeeds().size() ? placed(plan.deviceNeeds().get(place)) : "-");
    }
    phases.stream()
        .filter(PlanTable::isTrainedHere)
        .map(planned -> planned.plan().compute().device())
        .filter(on -> on != null && device.total() > 0)
        .findFirst()
        .ifPresent(
            on ->
                row(
                    "  available on " + on,
                    p -> isTrainedHere(p) ? Numbers.bytes(device.available()) : "-"));
  }

  /** Whether it is by the trainer that is built in, whose memory is this machine's. */
  private static boolean isTrainedHere(PlannedPhase planned) {
    return planned.plan().share() == null;
  }

  private static String ofEach(ProcessShare share) {
    return share.processes() == 1
        ? Numbers.bytes(share.bytes())
        : Numbers.bytes(share.bytes()) + " x " + share.processes();
  }

  private void fill(RunDisk disk) {
    head("disk");
    if (disk.phases().stream().anyMatch(need -> need.checkpointBytes() > 0)) {
      rowOfDisk(
          disk,
          "  checkpoints",
          need -> need.checkpoints() + " x " + Numbers.bytes(need.checkpointBytes()));
    }
    rowOfDisk(disk, "  model", need -> Numbers.bytes(need.modelBytes()));
    rowOfAside(disk, "  best weights", DiskNeed::bestBytes);
    rowOfAside(disk, "  weights to rescan", DiskNeed::rescanBytes);
    rowOfAside(disk, "  last good model", DiskNeed::lastGoodBytes);
    rowOfAside(disk, "  adapters", DiskNeed::adapterBytes);
    rowOfAside(disk, "  rows for the engine", DiskNeed::engineBytes);
    rowOfDisk(disk, "  scans, logs, report", need -> Numbers.bytes(need.otherBytes()));
    disk.freeBytes().ifPresent(free -> row("  free for all of it", planned -> Numbers.bytes(free)));
  }

  /** Left out where no phase writes any of it. */
  private void rowOfAside(RunDisk disk, String head, ToLongFunction<DiskNeed> bytes) {
    if (disk.phases().stream().anyMatch(need -> bytes.applyAsLong(need) > 0)) {
      rowOfDisk(disk, head, need -> orNone(bytes.applyAsLong(need)));
    }
  }

  private void rowOfDisk(RunDisk disk, String head, Function<DiskNeed, String> cell) {
    List<String> row = new ArrayList<>(List.of(head));
    disk.phases().forEach(need -> row.add(cell.apply(need)));
    rows.add(row);
  }

  private static String orNone(long bytes) {
    return bytes == 0 ? "-" : Numbers.bytes(bytes);
  }

  private Set<String> types() {
    Set<String> types = new LinkedHashSet<>();
    phases.forEach(planned -> planned.target().types().forEach(type -> types.add(type.type())));
    return types;
  }

  /** A type may be ranked and, in part, always trained. */
  private static String count(ExpectedTarget target, String type) {
    String counts =
        target.types().stream()
            .filter(count -> count.type().equals(type))
            .map(PlanTable::count)
            .collect(Collectors.joining("; "));
    return counts.isEmpty() ? "-" : counts;
  }

  private static String count(TypeCount count) {
    String some = count.selected() + " of " + count.modules();
    return switch (count.certainty()) {
      case EXACT -> some;
      case AT_MOST -> "up to " + some;
      case ALWAYS -> count.modules() == 1 ? "always" : "always, " + Numbers.whole(count.modules());
    };
  }

  private static String trained(PlannedPhase planned) {
    String values = Numbers.whole(planned.plan().trainedValues());
    return planned.target().exact() ? values : "at most " + values;
  }

  /**
   * What becomes of a kind of rows; lines that say nothing of any phase are left out.
   *
   * @param which of the phases' rows, with a space behind it
   */
  private void rowsOf(String which, Function<PhasePlan, @Nullable DataCounts> counts) {
    rowOfData("  " + which + "rows read", counts, DataCounts::read);
    rowOfData("    kept", counts, DataCounts::kept);
    if (phases.stream().anyMatch(planned -> inPieces(counts.apply(planned.plan())))) {
      rowOfData("      in pieces", counts, DataCounts::pieces);
    }
    if (phases.stream().map(PlannedPhase::plan).map(counts).anyMatch(PlanTable::isJudged)) {
      rowOfPlan("      desirable", plan -> judged(counts.apply(plan), DataCounts::desirable));
      rowOfPlan("      undesirable", plan -> judged(counts.apply(plan), DataCounts::undesirable));
    }
    rowOfData("      cut or split", counts, DataCounts::cut);
    rowOfData("    dropped", counts, DataCounts::dropped);
    rowOfData("    without loss", counts, DataCounts::withoutLoss);
    rowIfAny("    bad", counts, DataCounts::badRows);
    rowIfAny("    also held out", counts, DataCounts::alsoHeldOut);
    rowIfAny("    prompts cut within a token", counts, DataCounts::seams);
    if (phases.stream().map(PlannedPhase::plan).map(counts).anyMatch(PlanTable::repeats)) {
      row(
          "    duplicates",
          planned -> {
            @Nullable DataCounts of = counts.apply(planned.plan());
            boolean kept =
                of != null && of.duplicates() > 0 && !planned.phase().rows().deduplicate();
            return number(of, DataCounts::duplicates) + (kept ? " kept" : "");
          });
    }
  }

  /** Left out where no phase has any. */
  private void rowIfAny(
      String head,
      Function<PhasePlan, @Nullable DataCounts> counts,
      ToLongFunction<DataCounts> number) {
    boolean any =
        phases.stream()
            .map(planned -> counts.apply(planned.plan()))
            .anyMatch(of -> of != null && number.applyAsLong(of) > 0);
    if (any) {
      rowOfData(head, counts, number);
    }
  }

  private void rowOfData(
      String head,
      Function<PhasePlan, @Nullable DataCounts> counts,
      ToLongFunction<DataCounts> number) {
    rowOfPlan(head, plan -> number(counts.apply(plan), number));
  }

  private static String number(@Nullable DataCounts counts, ToLongFunction<DataCounts> number) {
    return counts == null ? "-" : Numbers.whole(number.applyAsLong(counts));
  }

  private static String judged(@Nullable DataCounts counts, ToLongFunction<DataCounts> number) {
    return isJudged(counts) ? number(counts, number) : "-";
  }

  /** Whether they are of completions that are wanted or not. */
  private static boolean isJudged(@Nullable DataCounts counts) {
    return counts != null && counts.desirable() + counts.undesirable() > 0;
  }

  private static boolean inPieces(@Nullable DataCounts counts) {
    return counts != null && counts.pieces() != counts.kept();
  }

  private static boolean repeats(@Nullable DataCounts counts) {
    return counts != null && counts.duplicates() > 0;
  }

  private static String ends(List<EndToken> ends) {
    return ends.isEmpty()
        ? "none"
        : ends.stream().map(EndToken::toString).collect(Collectors.joining(", "));
  }

  private static boolean hasPairs(PlannedPhase planned) {
    return planned.phase().type().readsPairs();
  }

  private static String equalPairs(PlannedPhase planned) {
    return hasPairs(planned) ? Numbers.whole(planned.plan().data().equal()) : "-";
  }

  private static String packing(PhasePlan plan) {
    return plan.slots() > 0
        ? Numbers.percent((double) plan.epochTokens(), (double) plan.slots())
        : "-";
  }

  private static String rescans(PlannedPhase planned) {
    return planned.phase().trained().rescanEvery().isPresent()
        ? Numbers.whole(planned.plan().rescans())
        : "-";
  }

  private static boolean offloads(PlannedPhase planned) {
    @Nullable MemoryEstimate need = planned.plan().memory();
    return need != null && need.offload() != null;
  }

  /** Whether a reference takes memory of its own; mapped, it is among the mapped weights. */
  private static boolean keepsReference(PlannedPhase planned) {
    @Nullable MemoryEstimate need = planned.plan().memory();
    return need != null && need.referenceBytes() > 0;
  }

  /** With what the gradients and new weights pass through. */
  private static String onCpu(MemoryEstimate need) {
    return need.offload() == null ? "-" : Numbers.bytes(need.hostBytes());
  }

  private static String copies(MemoryEstimate need) {
    return need.offload() == null ? "-" : Numbers.bytes(need.offload().copyBytes());
  }

  /** What one of several devices holds and needs. */
  private static String placed(DeviceNeed place) {
    return switch (place.blocks()) {
          case 0 -> "no block: ";
          case 1 -> "block " + place.firstBlock() + ": ";
          default ->
              "blocks %d to %d: "
                  .formatted(place.firstBlock(), place.firstBlock() + place.blocks() - 1);
        }
        + Numbers.bytes(place.bytes());
  }

  private void head(String text) {
    rows.add(List.of(text));
  }

  private void row(String head, Function<PlannedPhase, String> cell) {
    List<String> row = new ArrayList<>(List.of(head));
    phases.forEach(planned -> row.add(cell.apply(planned)));
    rows.add(row);
  }

  private void rowOfPlan(String head, Function<PhasePlan, String> cell) {
    row(head, planned -> cell.apply(planned.plan()));
  }

  private void rowOfMemory(String head, Function<MemoryEstimate, String> cell) {
    rowOfPlan(head, plan -> plan.memory() == null ? "-" : cell.apply(plan.memory()));
  }

  private void rowOfShare(String head, Function<ProcessShare, String> cell) {
    rowOfPlan(head, plan -> plan.share() == null ? "-" : cell.apply(plan.share()));
  }

  /** The heads on the left, all else on the right of its column. */
  private String text() {
    int[] widths = new int[phases.size() + 1];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(row.get(0));
      line.append(" ".repeat(widths[0] - row.get(0).length()));
      for (int i = 1; i < row.size(); i++) {
        line.append("  ").append(" ".repeat(widths[i] - row.get(i).length())).append(row.get(i));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  /** For each phase that chooses by name, what its patterns match. */
  private static String patterns(List<PlannedPhase> phases) {
    StringBuilder text = new StringBuilder();
    for (PlannedPhase planned : phases) {
      List<UnfrozenParameters.Match> patterns = planned.target().patterns();
      if (!patterns.isEmpty()) {
        TextTable table =
            new TextTable("patterns of " + planned.phase().name(), "tensors", "parameters");
        for (UnfrozenParameters.Match match : patterns) {
          table.row(
              match.pattern(),
              Numbers.whole(match.tensors().size()),
              Numbers.whole(match.parameters()));
        }
        text.append('\n').append(table.text());
      }
    }
    return text.toString();
  }

  /** For each phase with several datasets, or one that is not seen once, what an epoch has. */
  private static String datasets(List<PlannedPhase> phases) {
    StringBuilder text = new StringBuilder();
    for (PlannedPhase planned : phases) {
      List<DatasetShare> epoch = planned.plan().epoch();
      boolean once = epoch.stream().allMatch(share -> share.rows() == share.epochRows());
      if (epoch.size() > 1 || !once) {
        TextTable table =
            new TextTable(
                "datasets of " + planned.phase().name(), "rows", "in an epoch", "tokens of it");
        for (DatasetShare share : epoch) {
          table.row(
              share.dataset(),
              Numbers.whole(share.rows()),
              Numbers.whole(share.epochRows()),
              Numbers.whole(share.epochTokens()));
        }
        text.append('\n').append(table.text());
        if (isJudged(planned.plan().data())) {
          text.append('\n').append(judgements(planned));
        }
      }
    }
    return text.toString();
  }

  /** How many completions of each dataset are wanted. */
  private static String judgements(PlannedPhase planned) {
    TextTable table =
        new TextTable("completions of " + planned.phase().name(), "desirable", "undesirable");
    planned
        .plan()
        .datasets()
        .forEach(
            (name, counts) ->
                table.row(
                    name, Numbers.whole(counts.desirable()), Numbers.whole(counts.undesirable())));
    return table.text();
  }

  /** Where it is beyond the model's positions, with what these were made for. */
  private static String sequenceLen(PlannedPhase planned) {
    @Nullable BeyondPositions beyond = planned.plan().beyond();
    String tokens = Numbers.whole(planned.phase().batch().sequenceLen());
    return beyond == null
        ? tokens
        : "%s, positions for %s, longest row %s"
            .formatted(tokens, Numbers.whole(beyond.madeFor()), Numbers.whole(beyond.longestRow()));
  }

  private static String warnings(List<PlannedPhase> phases, DeviceMemory device) {
    return phases.stream()
        .flatMap(planned -> PhaseWarnings.of(planned, device).stream())
        .map(PlanTable::warning)
        .collect(Collectors.joining());
  }

  private static String warning(String sentence) {
    return "\n" + sentence + "\n";
  }
}
