package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The modules that a scan measures, in the order in which the published scanner writes them: the
 * types grouped by what precedes their first dot, groups and members sorted; within a type by
 * layer.
 *
 * <p>As there, a module belongs to a type when its name contains it. A module that belongs to
 * several keeps the place that the first gave it and is ranked in the last.
 *
 * @param targets the modules, each once
 */
public record ScanTargets(List<ScanTarget> targets) {
  private static final Comparator<String> PUBLISHED_TYPE_ORDER =
      Comparator.comparing((String type) -> type.split("\\.", 2)[0])
          .thenComparing(Comparator.naturalOrder());

  /** Mixtures of experts have hundreds. */
  private static final int TYPES_SHOWN = 40;

  public ScanTargets {
    targets = List.copyOf(targets);
  }

  /**
   * The modules of some types.
   *
   * @param types the types, in any order
   * @throws InputException naming every type that no module belongs to
   */
  public static ScanTargets of(Checkpoint checkpoint, List<String> types) throws IOException {
    CheckpointModules modules = CheckpointModules.of(checkpoint);
    Map<ModuleName, ScanTarget> targets = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    if (types.isEmpty()) {
      problems.add(new Problem(null, "no module types are named; name at least one"));
    }
    for (String type : inPublishedOrder(types)) {
      // The empty text is part of every name.
      List<ScanTarget> members = type.isBlank() ? List.of() : membersOf(type, modules);
      members.forEach(member -> targets.put(member.module(), member));
      if (members.isEmpty()) {
        problems.add(
            new Problem(
                null,
                "no module of this model is of type '"
                    + type
                    + "'; its module types are "
                    + existingTypes(modules)));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    return new ScanTargets(List.copyOf(targets.values()));
  }

  /** How many modules each type has, for {@link Selection#requirePick}. */
  public Map<String, Integer> modulesPerType() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    targets.forEach(target -> counts.merge(target.type(), 1, Integer::sum));
    return counts;
  }

  private static List<ScanTarget> membersOf(String type, CheckpointModules modules) {
    return modules.weights().entrySet().stream()
        .filter(module -> module.getKey().text().contains(type))
        .map(module -> new ScanTarget(module.getKey(), type, module.getValue()))
        .toList();
  }

  private static String existingTypes(CheckpointModules modules) {
    List<String> types = inPublishedOrder(modules.names().stream().map(ModuleName::type).toList());
    String shown = types.stream().limit(TYPES_SHOWN).collect(Collectors.joining(", "));
    int more = types.size() - TYPES_SHOWN;
    return more > 0 ? shown + " and " + more + " more" : shown;
  }

  private static List<String> inPublishedOrder(List<String> types) {
    return types.stream().distinct().sorted(PUBLISHED_TYPE_ORDER).toList();
  }
}
