package dev.polyphase.reports;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One phase of a report. What a phase has not reached yet is empty.
 *
 * @param name the phase's name
 * @param type as {@code sft} or {@code dpo}
 * @param targeting how it chose what to train, in a few words
 * @param status where it stands
 * @param modules its modules, in the order of the scan at its beginning
 * @param alwaysTrained the modules that it trained beside these, whatever their SNR
 * @param rescans what it changed on its way, in order
 * @param warnings what a reader should know of what it learned, a sentence each
 * @param totals its sums; null before its end
 * @param curves the figures of training, the loss first
 * @param heldOut the held-out figures
 * @param margins of a phase on pairs, how their reward margins are spread; null before its end
 * @param settings its settings
 * @param data the files of its data
 */
public record PhaseReport(
    String name,
    String type,
    String targeting,
    Status status,
    List<ModuleReport> modules,
    List<ModuleReport> alwaysTrained,
    List<RescanReport> rescans,
    List<String> warnings,
    @Nullable PhaseTotals totals,
    List<Curve> curves,
    List<HeldOut> heldOut,
    @Nullable Margins margins,
    List<Setting> settings,
    List<DataFile> data) {

  /** Where a phase stands. */
  public enum Status {
    /** Not begun. */
    PENDING,
    /** Begun, its model not complete. */
    BEGUN,
    /** Its model is complete. */
    FINISHED
  }

  public PhaseReport {
    modules = List.copyOf(modules);
    alwaysTrained = List.copyOf(alwaysTrained);
    rescans = List.copyOf(rescans);
    warnings = List.copyOf(warnings);
    curves = List.copyOf(curves);
    heldOut = List.copyOf(heldOut);
    settings = List.copyOf(settings);
    data = List.copyOf(data);
  }

  /** A phase that is not begun. */
  public static PhaseReport pending(
      String name, String type, String targeting, List<Setting> settings) {
    return new PhaseReport(
        name,
        type,
        targeting,
        Status.PENDING,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of(),
        null,
        settings,
        List.of());
  }

  /** A phase that has begun, of which no more can be read. */
  public static PhaseReport unreadable(String name, String type, List<Setting> settings) {
    return new PhaseReport(
        name,
        type,
        "",
        Status.BEGUN,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of(),
        null,
        settings,
        List.of());
  }

  /** All modules that a picture shows. */
  List<ModuleReport> shown() {
    return Stream.concat(modules.stream(), alwaysTrained.stream()).toList();
  }

  /** Whether it is known what the phase trains. */
  boolean chosen() {
    return !shown().isEmpty();
  }

  /** The names of all modules that it trains, be it for a while. */
  Set<String> trained() {
    return shown().stream()
        .filter(ModuleReport::selected)
        .map(ModuleReport::module)
        .collect(Collectors.toSet());
  }

  /** How many modules it trained at a time; null where it trained the same ones to its end. */
  @Nullable AtATime atATime() {
    return rescans.isEmpty() ? null : AtATime.of(this);
  }

  /** The loss of training. */
  Optional<Curve> loss() {
    return curves.stream().filter(curve -> curve.name().equals("loss")).findFirst();
  }
}
