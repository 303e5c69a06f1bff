package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.Candidate;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.MostSelected;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.TrainableTensors;
import dev.polyphase.rescanner.UnfrozenParameters;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a phase will train, as far as it is known before any scan: with method {@code snr} how much
 * of each type, though not which modules.
 *
 * @param types the module types
 * @param tensors the tensors to train. What a scan will choose is stood in for by at least as many
 *     values: the largest modules, and of equal ones those from the lowest block up, which need
 *     most memory
 * @param rows the rows to train of tensors of which not all are trained
 * @param patterns what each pattern of {@code unfrozen_parameters} matches
 * @param exact whether as many values will be trained as are in {@code tensors}: not where the
 *     modules differ in size, nor where what is measured decides how many they are
 */
public record ExpectedTarget(
    List<TypeCount> types,
    Set<String> tensors,
    Map<String, RowRanges> rows,
    List<UnfrozenParameters.Match> patterns,
    boolean exact) {

  public ExpectedTarget {
    types = List.copyOf(types);
    tensors = Set.copyOf(tensors);
    rows = Map.copyOf(rows);
    patterns = List.copyOf(patterns);
  }

  /**
   * How much of a type is trained.
   *
   * @param type the module type; all experts' types of one projection are one here. Of a module
   *     that is trained whatever its rank, and the only such one of its type, its name
   * @param selected how many of its modules, at most
   * @param modules how many it has
   * @param certainty whether there are just so many
   */
  public record TypeCount(String type, int selected, int modules, Certainty certainty) {
    private TypeCount atMost(int most) {
      return new TypeCount(type, Math.min(selected, most), modules, certainty);
    }
  }

  /** What a count before any scan says of the phase itself. */
  public enum Certainty {
    /** It will train just so many. */
    EXACT,
    /** It will train at most so many. */
    AT_MOST,
    /** They are trained whatever their rank. */
    ALWAYS
  }

  /** Nothing, in the place of a target that is wrong. */
  static ExpectedTarget none() {
    return new ExpectedTarget(List.of(), Set.of(), Map.of(), List.of(), false);
  }

  /**
   * Looks at names and shapes alone.
   *
   * @throws InputException where nothing would be trained, or what can't be
   */
  static ExpectedTarget of(Phase phase, Checkpoint checkpoint) throws IOException {
    return phase.trained().targeting() instanceof Targeting.Snr snr
        ? ranked(snr, checkpoint)
        : named(Target.named(phase, checkpoint), checkpoint);
  }

  private static ExpectedTarget ranked(Targeting.Snr snr, Checkpoint checkpoint)
      throws IOException {
    List<Candidate> candidates = Target.ranked(snr, checkpoint).candidates();
    Selection.requirePick(candidates, snr.rule());
    AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());
    MostSelected most = MostSelected.of(candidates, snr.rule());

    Map<String, TypeCount> ranked = new LinkedHashMap<>();
    for (MostSelected.TypeBound type : most.types()) {
      Certainty certainty = type.exact() ? Certainty.EXACT : Certainty.AT_MOST;
      // Where each expert is a type of its own, these would be hundreds of lines.
      String shared = ModuleName.sharedType(type.type());
      ranked.merge(
          shared,
          new TypeCount(shared, type.most(), type.modules(), certainty),
          ExpectedTarget::together);
    }
    List<TypeCount> types = new ArrayList<>();
    // Of types that are ranked together not all can be taken at once.
    ranked.values().forEach(type -> types.add(type.atMost(most.modules())));
    types.addAll(always(always));
    Set<String> alwaysNames =
        always.modules().stream().map(ModuleName::text).collect(Collectors.toSet());
    boolean alwaysIsRanked =
        candidates.stream().anyMatch(module -> alwaysNames.contains(module.snr().module()));
    return new ExpectedTarget(
        types,
        TrainableTensors.of(checkpoint, most.standIn(), always),
        Map.of(),
        List.of(),
        most.exact() && !alwaysIsRanked);
  }

  /** Modules by name, but of several of a type, as experts are by the thousand, the type. */
  private static List<TypeCount> always(AlwaysTrained always) {
    Map<String, List<ModuleName>> byType = new LinkedHashMap<>();
    for (ModuleName module : always.modules()) {
      byType.computeIfAbsent(module.sharedType(), type -> new ArrayList<>()).add(module);
    }
    List<TypeCount> types = new ArrayList<>();
    byType.forEach(
        (type, modules) -> {
          int count = modules.size();
          String name = count == 1 ? modules.get(0).text() : type;
          types.add(new TypeCount(name, count, count, Certainty.ALWAYS));
        });
    return types;
  }

  private static TypeCount together(TypeCount one, TypeCount other) {
    return new TypeCount(
        one.type,
        one.selected + other.selected,
        one.modules + other.modules,
        one.certainty == other.certainty ? one.certainty : Certainty.AT_MOST);
  }

  private static ExpectedTarget named(Target.Decision decision, Checkpoint checkpoint)
      throws IOException {
    TextNames names = TextNames.of(checkpoint);
    SortedMap<String, TypeCount> types = new TreeMap<>();
    for (TensorInfo tensor : checkpoint.parts()) {
      ModuleName module = ModuleName.ofTensor(tensor.name());
      boolean weight = tensor.name().endsWith(".weight") || tensor.name().equals(module.text());
      if (weight && names.covers(tensor.name()) && !tensor.name().endsWith(".inv_freq")) {
        // A type of each expert would be hundreds of lines.
        String type = module.sharedType();
        int selected = decision.tensors().contains(tensor.name()) ? 1 : 0;
        types.merge(
            type, new TypeCount(type, selected, 1, Certainty.EXACT), ExpectedTarget::together);
      }
    }
    return new ExpectedTarget(
        List.copyOf(types.values()),
        decision.tensors(),
        decision.rows(),
        decision.patterns(),
        true);
  }
}
