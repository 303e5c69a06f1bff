package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.events.RunEvent.PhaseChecking;
import dev.polyphase.orchestrator.events.RunEvent.Reading;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.phases.api.RowHashes;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Checks all phases before the first one writes anything. */
final class Preflight {

  private Preflight() {}

  /**
   * A phase to train.
   *
   * @param planned what it will do
   * @param prepared its rows, mapped from prepared files, and some numbers of each
   */
  record Ready(PlannedPhase planned, PreparedPhase prepared) {

    /** The same with warnings of the model that it starts from. */
    Ready with(List<String> ofModel) {
      return new Ready(planned.with(ofModel), prepared);
    }
  }

  /**
   * Checks the phases from {@code from} on, all of them on the weights that the first of them will
   * start from: names and shapes are the same in every phase.
   *
   * @param events hears how far the reading of data is
   * @return each of them with its rows
   * @throws InputException with every problem of every phase
   */
  static List<Ready> check(
      RunRequest request,
      int from,
      Path start,
      Function<Phase, PhaseTrainer> trainers,
      RunEvents events)
      throws IOException {
    requirePlace(request);
    Checkpoint checkpoint = Checkpoint.open(start);
    Phase first = request.pipeline().phases().get(from);
    CheckpointWriter.requireCarried(checkpoint, request.run().phase(from, first.name()).model());
    List<Ready> ready = new ArrayList<>();
    List<RowHashes> rows = new ArrayList<>();
    // Phases share their model, and thus its problems.
    Set<Problem> problems = new LinkedHashSet<>();
    int count = request.pipeline().phases().size();
    for (int i = from; i < count; i++) {
      Phase phase = request.pipeline().phases().get(i);
      events.tell(new PhaseChecking(i, count, phase.name()));
      ExpectedTarget target = ExpectedTarget.none();
      try {
        target = ExpectedTarget.of(phase, checkpoint);
      } catch (InputException e) {
        e.problems().forEach(problem -> problems.add(of(phase, problem)));
      }
      try {
        PreparedPhase prepared = prepared(request, i, start, target, trainers, events);
        rows.add(prepared.rows());
        List<SharedRows> shared = shared(ready, rows);
        ready.add(
            new Ready(
                new PlannedPhase(phase, target, prepared.plan(), shared, List.of()), prepared));
      } catch (InputException e) {
        problems.addAll(e.problems());
      }
    }
    if (!problems.isEmpty()) {
      throw new InputException(List.copyOf(problems));
    }
    return ready;
  }

  /**
   * Which rows of a phase those before it train on too.
   *
   * @param rows of each of those, and at the end the phase's own
   */
  private static List<SharedRows> shared(List<Ready> before, List<RowHashes> rows) {
    List<SharedRows> shared = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      SharedRows.of(before.get(i).planned().phase().name(), rows.get(i), rows.get(before.size()))
          .ifPresent(shared::add);
    }
    return shared;
  }

  /**
   * One phase with its rows.
   *
   * @throws InputException with its problems
   */
  static PreparedPhase prepared(
      RunRequest request,
      int index,
      Path start,
      ExpectedTarget target,
      Function<Phase, PhaseTrainer> trainers,
      RunEvents events)
      throws IOException {
    Phase phase = request.pipeline().phases().get(index);
    PhaseRequest training = asRequest(request, index, start, target);
    return trainers.apply(phase).prepare(training, progress -> events.tell(new Reading(progress)));
  }

  private static void requirePlace(RunRequest request) throws IOException {
    String name = request.pipeline().name();
    if (request.start() == RunRequest.Start.FRESH) {
      // The earlier run is moved within the folder of runs.
      OutputPlace.requireFolder(request.outputDir(), Path.of(name));
    } else {
      request.run().requireWritable(request.pipeline().phases().stream().map(Phase::name).toList());
    }
  }

  private static PhaseRequest asRequest(
      RunRequest request, int index, Path start, ExpectedTarget target) {
    Phase phase = request.pipeline().phases().get(index);
    return new PhaseRequest(
        request.pipeline(),
        phase,
        request.folder(),
        new PhaseStart(start, target.tensors(), target.rows(), Map.of(), Optional.empty()),
        request.run().phase(index, phase.name()).model());
  }

  private static Problem of(Phase phase, Problem problem) {
    return problem.place() == null
        ? new Problem(null, "phases." + phase.name() + ".targeting: " + problem.sentence())
        : problem;
  }
}
