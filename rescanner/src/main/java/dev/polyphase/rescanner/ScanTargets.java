package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * The modules that a scan measures, in the order in which the published scanner writes them: the
 * types grouped by what precedes their first dot, groups and members sorted; within a type by
 * layer.
 *
 * <p>As there, a module belongs to a type when its name contains it. A module that belongs to
 * several keeps the place that the first gave it and is ranked in the last. Two more ways to name
 * modules are ours: {@code re:REGEX}, the modules in whose names the regular expression is found,
 * and {@code all}; both rank each module in the type of its name, {@link ModuleName#type()}.
 *
 * @param targets the modules, each once
 */
public record ScanTargets(List<ScanTarget> targets) {
  private static final Comparator<String> PUBLISHED_TYPE_ORDER =
      Comparator.comparing((String type) -> type.split("\\.", 2)[0])
          .thenComparing(Comparator.naturalOrder());

  private static final String ALL = "all";
  private static final String REGEX = "re:";

  /** Mixtures of experts have hundreds. */
  private static final int TYPES_SHOWN = 40;

  public ScanTargets {
    targets = List.copyOf(targets);
  }

  /**
   * The modules of some types as the published scanner knows modules: fused experts have none.
   *
   * @param entries types, {@code re:REGEX} and {@code all}, in any order
   * @throws InputException naming every entry that no module belongs to
   */
  public static ScanTargets of(Checkpoint checkpoint, List<String> entries) throws IOException {
    return of(checkpoint, entries, Profile.SPECTRUM);
  }

  /**
   * The modules of some types. Each expert of a fused tensor is a module of its own in profile
   * {@code robust}, and where {@code re:REGEX} or {@code all} ask for it.
   *
   * @param entries types, {@code re:REGEX} and {@code all}, in any order
   * @throws InputException naming every entry that no module belongs to
   */
  public static ScanTargets of(Checkpoint checkpoint, List<String> entries, Profile profile)
      throws IOException {
    CheckpointModules published = CheckpointModules.of(checkpoint);
    CheckpointModules withExperts = published.withExperts();
    CheckpointModules ofTypes = profile == Profile.ROBUST ? withExperts : published;
    Map<String, SortedMap<ModuleName, ScanTarget>> members = new HashMap<>();
    List<Problem> problems = new ArrayList<>();
    if (entries.isEmpty()) {
      problems.add(new Problem(null, "no module types are named; name at least one"));
    }
    for (String entry : inPublishedOrder(entries)) {
      List<ScanTarget> found;
      try {
        found = namesModules(entry) ? named(entry, withExperts) : containing(entry, ofTypes);
      } catch (PatternSyntaxException e) {
        problems.add(
            new Problem(
                null,
                "'"
                    + entry
                    + "' is no regular expression that can be matched: "
                    + e.getDescription()));
        continue;
      }
      for (ScanTarget target : found) {
        members.computeIfAbsent(target.type(), t -> new TreeMap<>()).put(target.module(), target);
      }
      if (found.isEmpty()) {
        problems.add(new Problem(null, noneOf(entry, ofTypes)));
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(problems);
    }
    Map<ModuleName, ScanTarget> targets = new LinkedHashMap<>();
    inPublishedOrder(members.keySet())
        .forEach(type -> targets.putAll(members.getOrDefault(type, Collections.emptySortedMap())));
    return new ScanTargets(List.copyOf(targets.values()));
  }

  /** How many matrices are measured; one that modules share counts once. */
  public int matrices() {
    return Math.toIntExact(
        targets.stream()
            .filter(ScanTarget::isMatrix)
            .map(target -> target.tensor().name())
            .distinct()
            .count());
  }

  /** How many modules each type has, for {@link Selection#requirePick}. */
  public Map<String, Integer> modulesPerType() {
    Map<String, Integer> counts = new LinkedHashMap<>();
    targets.forEach(target -> counts.merge(target.type(), 1, Integer::sum));
    return counts;
  }

  /** The modules before they are measured, for {@link Selection#requirePick}. */
  public List<Candidate> candidates() {
    return targets.stream()
        .map(
            target ->
                new Candidate(
                    new ModuleSnr(target.module().text(), target.type(), Double.NaN),
                    Double.NaN,
                    target.parameters()))
        .toList();
  }

  private static boolean namesModules(String entry) {
    return entry.equals(ALL) || entry.startsWith(REGEX);
  }

  /** The modules that {@code all} or an expression names, each in the type of its name. */
  private static List<ScanTarget> named(String entry, CheckpointModules modules) {
    Pattern names = PythonRegex.compile(entry.equals(ALL) ? "" : entry.substring(REGEX.length()));
    return modules.names().stream()
        .filter(module -> PythonRegex.matches(names, module.text(), Matcher::find))
        .map(module -> modules.target(module, module.type()))
        .toList();
  }

  private static List<ScanTarget> containing(String type, CheckpointModules modules) {
    // The empty text is part of every name.
    return modules.names().stream()
        .filter(module -> !type.isBlank() && module.text().contains(type))
        .map(module -> modules.target(module, type))
        .toList();
  }

  private static String noneOf(String entry, CheckpointModules modules) {
    String found =
        namesModules(entry)
            ? "'" + entry + "' names no module of this model"
            : "no module of this model is of type '" + entry + "'";
    return found + "; its module types are " + existingTypes(modules);
  }

  private static String existingTypes(CheckpointModules modules) {
    List<String> types = inPublishedOrder(modules.names().stream().map(ModuleName::type).toList());
    String shown = types.stream().limit(TYPES_SHOWN).collect(Collectors.joining(", "));
    int more = types.size() - TYPES_SHOWN;
    return more > 0 ? shown + " and " + more + " more" : shown;
  }

  private static List<String> inPublishedOrder(Collection<String> types) {
    return types.stream().distinct().sorted(PUBLISHED_TYPE_ORDER).toList();
  }
}
