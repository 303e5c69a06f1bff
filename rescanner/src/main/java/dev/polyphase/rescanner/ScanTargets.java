package dev.polyphase.rescanner;

import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.QuantizedWeights;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The modules that a scan measures, in the order in which the published scanner writes them: the
 * types grouped by what precedes their first dot, groups and members sorted; within a type by
 * layer.
 *
 * <p>As there, a module belongs to a type when its name contains it. A module that belongs to
 * several keeps the place that the first gave it and is ranked in the last. Four more ways to name
 * modules are ours: a {@code *} in a type stands for any one number, so that {@code
 * mlp.experts.*.up_proj} is one type of all experts' matrices; {@code projections} are the types of
 * {@link Projections}; {@code re:REGEX}, the modules in whose names the regular expression is
 * found, and {@code all} rank each module in the type of its name, {@link ModuleName#type()}.
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
   * The modules of some types as the published scanner knows modules: it finds fused experts only
   * where an entry means nothing else.
   *
   * @param entries types, {@code projections}, {@code re:REGEX} and {@code all}, in any order
   * @throws InputException naming every entry that no module belongs to
   */
  public static ScanTargets of(Checkpoint checkpoint, List<String> entries) throws IOException {
    return of(checkpoint, entries, Profile.SPECTRUM);
  }

  /**
   * The modules of some types. Each expert of a fused tensor is a module of its own in profile
   * {@code robust}, where {@code re:REGEX} or {@code all} ask for it, and where a type means
   * nothing else.
   *
   * @param entries types, {@code projections}, {@code re:REGEX} and {@code all}, in any order
   * @throws InputException naming every entry that no module belongs to, or saying that the weights
   *     are quantised
   */
  public static ScanTargets of(Checkpoint checkpoint, List<String> entries, Profile profile)
      throws IOException {
    CheckpointModules modules = CheckpointModules.of(checkpoint);
    CheckpointModules ofTypes = profile == Profile.ROBUST ? modules : modules.published();
    Map<String, SortedMap<ModuleName, ScanTarget>> members = new HashMap<>();
    List<Problem> problems = new ArrayList<>();
    if (entries.isEmpty()) {
      problems.add(new Problem(null, "no module types are named; name at least one"));
    }
    List<String> projections =
        entries.contains(Targeting.MODEL_PROJECTIONS) ? Projections.of(modules) : List.of();
    if (entries.contains(Targeting.MODEL_PROJECTIONS) && projections.isEmpty()) {
      problems.add(new Problem(null, noProjections(modules)));
    }
    for (String entry : inPublishedOrder(withProjections(entries, projections))) {
      List<ScanTarget> found;
      try {
        found = namesModules(entry) ? named(entry, modules) : containing(entry, ofTypes);
        // What only fused experts are called is unknown to the published scanner.
        if (found.isEmpty() && !namesModules(entry)) {
          found = containing(entry, modules);
        }
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
        problems.add(new Problem(null, noneOf(entry, modules)));
      }
    }
    if (!problems.isEmpty()
        || entries.contains(ALL)
        || isPacked(members)
        || (entries.stream().anyMatch(ScanTargets::namesWhatThereIs) && hasPacked(checkpoint))) {
      Optional<Problem> quantized = QuantizedWeights.in(checkpoint);
      if (quantized.isPresent()) {
        throw new InputException(List.of(quantized.get()));
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

  /**
   * Of a model that has more than a text model a sentence about what is beside it, which is neither
   * scanned nor trained.
   */
  public static Optional<String> noteOfOtherParts(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    List<String> others =
        checkpoint.tensors().stream()
            .map(TensorInfo::name)
            .filter(name -> !names.covers(name))
            .toList();
    String parts =
        others.stream()
            .map(name -> name.replaceFirst("^model\\.", "").replaceFirst("\\..*", ""))
            .distinct()
            .sorted()
            .collect(Collectors.joining(", "));
    return others.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "the text model alone is scanned and trained; %d tensors beside it (%s) stay as they are"
                .formatted(others.size(), parts));
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

  /** Whether what would be measured of a module are numbers without their scales. */
  private static boolean isPacked(Map<String, SortedMap<ModuleName, ScanTarget>> members) {
    return members.values().stream()
        .flatMap(type -> type.values().stream())
        .anyMatch(target -> QuantizedWeights.isPacked(target.tensor()));
  }

  /**
   * Whether weights of the text model are packed: their names are no modules', so that an entry
   * which means whatever there is would leave them out.
   */
  private static boolean hasPacked(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    return checkpoint.tensors().stream()
        .anyMatch(tensor -> names.covers(tensor.name()) && QuantizedWeights.isPacked(tensor));
  }

  /** The same with the model's own projections in the place of {@code projections}. */
  private static List<String> withProjections(List<String> entries, List<String> projections) {
    return entries.stream()
        .flatMap(
            entry ->
                entry.equals(Targeting.MODEL_PROJECTIONS) ? projections.stream() : Stream.of(entry))
        .toList();
  }

  private static boolean namesWhatThereIs(String entry) {
    return namesModules(entry) || entry.equals(Targeting.MODEL_PROJECTIONS);
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
    String number = Pattern.quote(type).replace("*", "\\E[0-9]+\\Q");
    Predicate<String> contained =
        type.contains("*") ? Pattern.compile(number).asPredicate() : name -> name.contains(type);
    // The empty text is part of every name.
    return modules.names().stream()
        .filter(module -> !type.isBlank() && contained.test(module.text()))
        .map(module -> modules.target(module, type))
        .toList();
  }

  private static String noneOf(String entry, CheckpointModules modules) {
    String found =
        namesModules(entry)
            ? "'" + entry + "' names no module of this model"
            : "no module of this model is of type '" + entry + "'";
    return found + "; " + existingTypes(modules);
  }

  private static String noProjections(CheckpointModules modules) {
    return "'"
        + Targeting.MODEL_PROJECTIONS
        + "' names no module of this model: none in a layer is called ..._proj; "
        + existingTypes(modules);
  }

  private static String existingTypes(CheckpointModules modules) {
    List<String> types = inPublishedOrder(modules.names().stream().map(ModuleName::type).toList());
    String shown = types.stream().limit(TYPES_SHOWN).collect(Collectors.joining(", "));
    int more = types.size() - TYPES_SHOWN;
    return "its module types are " + shown + (more > 0 ? " and " + more + " more" : "");
  }

  private static List<String> inPublishedOrder(Collection<String> types) {
    return types.stream().distinct().sorted(PUBLISHED_TYPE_ORDER).toList();
  }
}
