package dev.polyphase.reports;

import java.util.List;

/**
 * What a run chose and trained, the one source of all its pictures.
 *
 * @param name the run's name
 * @param baseModel what its first phase started from
 * @param started when it began, as a reader should see it
 * @param version the version of Polyphase that ran it
 * @param phases all phases of its pipeline, in order, also those not begun
 */
public record Report(
    String name, String baseModel, String started, String version, List<PhaseReport> phases) {

  public Report {
    phases = List.copyOf(phases);
  }

  /** The number of phases whose model is complete. */
  public int finishedPhases() {
    return (int)
        phases.stream().filter(phase -> phase.status() == PhaseReport.Status.FINISHED).count();
  }
}
