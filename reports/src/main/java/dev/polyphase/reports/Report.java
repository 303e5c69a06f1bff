package dev.polyphase.reports;

import java.util.List;

/**
 * What a run chose and trained, the one source of all its pictures.
 *
 * @param phases the phases done so far, in order
 */
public record Report(List<PhaseReport> phases) {

  public Report {
    phases = List.copyOf(phases);
  }
}
